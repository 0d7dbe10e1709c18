import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { LedgerError } from '../src/ledger-error.ts'

const held = new Set<string>()

/**
 * Takes `directory` for this process by the file `name` in it: two writers would fork a log, and two witnesses with one
 * key could cosign both sides of a fork. A lock whose process is gone is taken over. `what` is what the folder is called
 * in the message. Returns the release; throws `locked` naming the process that holds it.
 */
export function lockFolder(directory: string, { name, what }: { name: string; what: string }): () => void {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, name)
  const lockedBy = (pid: number) =>
    new LedgerError(
      'locked',
      `${what} ${directory}: process ${pid} is writing it already. Fix: stop that process (its lock is ${path}).`,
    )
  if (held.has(path)) throw lockedBy(process.pid)
  if (!tryLock(path)) {
    const owner = ownerOf(path)
    if (owner !== undefined && owner.pid !== process.pid && isAlive(owner)) throw lockedBy(owner.pid)
    unlinkSync(path)
    if (!tryLock(path)) throw lockedBy(ownerOf(path)?.pid ?? 0)
  }
  held.add(path)
  return () => {
    if (!held.delete(path)) return
    try {
      unlinkSync(path)
    } catch {
      // The folder was removed under us; then there is nothing left to unlock.
    }
  }
}

function tryLock(path: string): boolean {
  try {
    const file = openSync(path, 'wx', 0o644)
    writeSync(file, JSON.stringify({ pid: process.pid, started: startOf(process.pid) }))
    fsyncSync(file)
    closeSync(file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

interface Owner {
  readonly pid: number
  /** When the process began, in the kernel's words; null where the kernel does not say. */
  readonly started: string | null
}

function ownerOf(path: string): Owner | undefined {
  try {
    const { pid, started } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Owner>
    return typeof pid === 'number' ? { pid, started: started ?? null } : undefined
  } catch {
    // Torn by a crash while it was written, or gone in this moment: nobody holds it.
    return undefined
  }
}

/** A process number is used again after a reboot, in a container even at once: the start time tells them apart. */
function isAlive({ pid, started }: Owner): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return started === null || startOf(pid) === started
}

function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    // Field 22, counted after the name in brackets, which may hold spaces.
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`
  } catch {
    return null
  }
}
