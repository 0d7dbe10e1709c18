// What protocol/ needs of its host; usage/ itself may use none of it (eslint.config.js).
declare const performance: { now(): number }
declare function setTimeout(task: () => void, delay: number): unknown
declare function clearTimeout(timer: unknown): void
declare class TextDecoder {
  constructor(label: string, options: { fatal: boolean; ignoreBOM: boolean })
  decode(bytes: Uint8Array): string
}
