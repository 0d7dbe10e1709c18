import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openRegisters, type Registers, type Right, rights, type Role, roles } from '@hours/ingest'
import { systemClock } from '@hours/protocol'
import { Command, InvalidArgumentError, Option } from 'commander'
import { typedPath } from './paths.ts'
import { flagOrEnv } from './flag-values.ts'

interface Flags {
  readonly data?: string
}
interface AddFlags extends Flags {
  readonly role: Role
  readonly name?: string
  readonly organisation?: readonly string[]
  readonly oidc?: boolean
}
interface KeyFlags extends Flags {
  readonly label: string
  readonly scopes: readonly Right[]
  readonly days: number
}

/** `hours account`: people and keys, on the machine itself; beside a running `serve` or without it. */
export function accountCommand(): Command {
  const command = new Command('account').description(
    'Who may log in. Works beside a running serve; every change stands in the audit as done by "console".',
  )
  const sub = (usage: string, says: string) =>
    command
      .command(usage)
      .description(says)
      .option('--data <dir>', 'where data lives (HOURS_DATA, default ./data)')

  sub('list', 'every account').action((flags: Flags) => {
    return within(flags, ({ accounts }) => {
      for (const { id, role, organisations, disabled, oidc, name } of accounts.list()) {
        const state = disabled ? 'DISABLED' : oidc ? 'oidc' : 'active'
        console.log([id, role, organisations?.join(',') ?? 'all', state, name].join('\t'))
      }
    })
  })
  sub('add <id>', 'makes an account and prints the one-time link with which its password is chosen')
    .addOption(new Option('--role <role>', 'what it may').choices(roles).makeOptionMandatory())
    .option('--organisation <ids...>', 'whose subtrees it sees; only an operator sees all')
    .option('--name <name>', 'how it is shown (default: the id)')
    .option('--oidc', 'logs in by OpenID Connect: no link, no password')
    .action(async (id: string, flags: AddFlags) => {
      await within(flags, async ({ accounts, invitations, audit }) => {
        const { role, name = id, organisation, oidc } = flags
        await accounts.create({ id, name, role, organisations: organisation ?? null, oidc }, null)
        audit.add({ actor: 'console', action: 'account.add', target: `${id} ${role}`, outcome: 'ok' })
        if (oidc !== true) printLink(id, invitations.issue(id))
      })
    })
  sub('disable <id>', 'ends its sessions and keys, and lets it in no more').action(
    (id: string, flags: Flags) => {
      return within(flags, (registers) => {
        known(registers, id)
        registers.accounts.disable(id)
        registers.audit.add({ actor: 'console', action: 'account.disable', target: id, outcome: 'ok' })
      })
    },
  )
  sub('reset <id>', 'lets it in again by a new one-time link').action((id: string, flags: Flags) => {
    return within(flags, (registers) => {
      known(registers, id)
      registers.accounts.enable(id)
      registers.accounts.letInBy(id, null)
      registers.audit.add({ actor: 'console', action: 'account.reset', target: id, outcome: 'ok' })
      printLink(id, registers.invitations.issue(id))
    })
  })
  sub(
    'oidc <id>',
    'has it come in by OpenID Connect from now on; its password, link and any earlier tie end',
  ).action((id: string, flags: Flags) => {
    return within(flags, (registers) => {
      known(registers, id)
      registers.accounts.setOidc(id)
      registers.invitations.end(id)
      registers.audit.add({ actor: 'console', action: 'account.oidc', target: id, outcome: 'ok' })
    })
  })
  sub('key <id>', 'makes an API key for a machine and prints it, once')
    .requiredOption('--label <text>', 'what it is for')
    .requiredOption('--scopes <rights>', `what it may, of ${rights.join(', ')}`, scopesOf)
    .option('--days <n>', 'how long it is good, at most 732', Number, 365)
    .action((id: string, flags: KeyFlags) => {
      return within(flags, (registers) => {
        known(registers, id)
        const { label, scopes, days } = flags
        console.log(registers.accounts.createKey({ account: id, label, scopes, days }))
        const target = `${id} ${scopes.join(',')}`
        registers.audit.add({ actor: 'console', action: 'account.key', target, outcome: 'ok' })
      })
    })
  return command
}

const scopesOf = (text: string): Right[] =>
  text.split(',').map((one) => {
    const right = rights.find((name) => name === one)
    if (right === undefined) throw new InvalidArgumentError(`"${one}" is none of ${rights.join(', ')}.`)
    return right
  })

function known({ accounts }: Registers, id: string): void {
  if (!accounts.find(id)) throw new Error(`account "${id}" is not there. Fix: hours account list.`)
}

const printLink = (id: string, token: string) => {
  console.log(`${id}: open <address of the page>/welcome#${token} within two days; it works once`)
}

/** Opens the registers of the site, never makes a site. */
async function within(flags: Flags, work: (registers: Registers) => void | Promise<void>): Promise<void> {
  const dataDir = typedPath(flagOrEnv(flags.data, 'HOURS_DATA', 'data'))
  if (!existsSync(join(dataDir, 'log')))
    throw new Error(
      `${dataDir} is not a site yet. Fix: npm run -s hours -- init --data ${dataDir} --name NAME`,
    )
  const registers = openRegisters(dataDir, systemClock)
  try {
    await work(registers)
  } finally {
    registers.close()
  }
}
