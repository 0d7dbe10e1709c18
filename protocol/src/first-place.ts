/**
 * The first place of 0 ... `count` - 1 for which `isSo` holds, as it then does for all after it; `count` = for none.
 * Found by halving.
 */
export function firstPlace(count: number, isSo: (place: number) => boolean): number {
  let [low, high] = [0, count]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isSo(middle)) high = middle
    else low = middle + 1
  }
  return low
}
