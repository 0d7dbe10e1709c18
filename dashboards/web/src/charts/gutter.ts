/** Left of the plots of one time axis, px: names and units stand there, so that one hour is at one place in all of them. */
export const gutter = 54
