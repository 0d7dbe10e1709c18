import { resolve } from 'node:path'

/** A path as the person typed it: npm runs scripts in the project's root and keeps the person's folder here. */
export const typedPath = (path: string): string => resolve(process.env['INIT_CWD'] ?? process.cwd(), path)
