import type { Logger } from 'pino'

/** What is wrong just now, by name; each beginning and end is logged and told once. */
export interface Alarms {
  readonly set: (name: string, on: boolean) => void
  /** Those that stand, oldest first. */
  standing(): readonly string[]
}

export function createAlarms(options: {
  readonly gateway: string
  readonly log: Logger
  readonly told: (alarm: string, on: boolean) => void
}): Alarms {
  const { gateway, log } = options
  const standing = new Set<string>()
  return {
    set(name, on) {
      if (on === standing.has(name)) return
      if (on) standing.add(name)
      else standing.delete(name)
      log[on ? 'warn' : 'info']({ gateway, alarm: name }, on ? 'alarm' : 'alarm over')
      options.told(name, on)
    },
    standing: () => [...standing],
  }
}
