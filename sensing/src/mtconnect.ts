import { accept, refuse } from '@hours/protocol'
import { readText } from './json-payload.ts'
import type { Contact, DecodedReading, Reading } from './reading.ts'

/** Device stream whose observations are read; without it the document must have just one. */
export interface MtconnectOptions {
  readonly device?: string | undefined
}

const maxFaultMessages = 10_000
/** WAIT is a program that goes on by itself (domain.md, section 2). */
const running = new Set(['ACTIVE', 'WAIT'])
const waiting = new Set(
  'READY STOPPED INTERRUPTED FEED_HOLD OPTIONAL_STOP PROGRAM_STOPPED PROGRAM_COMPLETED PROGRAM_OPTIONAL_STOP'.split(
    ' ',
  ),
)

/** What XML says is no markup: comments and CDATA, to their end or, unended, to the document's. */
const unread = /<!--[\s\S]*?(?:-->|$)|<!\[CDATA\[[\s\S]*?(?:\]\]>|$)/g

/**
 * The answer of an MTConnect agent to `current` (MTConnectStreams): Execution ACTIVE or WAIT is run, its other values standby,
 * PowerState OFF is off, a Fault condition is fault; UNAVAILABLE is coverage lost. An observation's own timestamp is
 * when it last changed, so the sample's time is arrival. Only these few elements are looked for; no entity is expanded.
 */
export function decodeMtconnect(
  payload: Uint8Array,
  arrival: number,
  options: MtconnectOptions = {},
): DecodedReading {
  const text = readText(payload)
  if (!text.ok) return text
  if (!/<(?:\w+:)?MTConnectStreams[\s>]/.test(text.value))
    return refuse('not_xml', `payload "${text.value.slice(0, 40)}": must be an MTConnectStreams document`)
  const stream = deviceStream(text.value.replace(unread, ''), options.device)
  if (stream === undefined)
    return refuse('bad_field', `device "${options.device ?? ''}": not one such DeviceStream in the document`)
  const gone: DecodedReading = accept<Reading>({
    kind: 'availability',
    online: false,
    at: arrival,
    lost: true,
  })
  if (valuesOf(stream, 'Availability').includes('UNAVAILABLE')) return gone
  const execution = valuesOf(stream, 'Execution')
  const power = valuesOf(stream, 'PowerState')
  if (execution.length === 0 && power.length === 0)
    return accept<Reading>({ kind: 'nothing', why: 'neither Execution nor PowerState in the document' })
  const strange = execution.find((word) => word !== 'UNAVAILABLE' && !running.has(word) && !waiting.has(word))
  if (strange !== undefined)
    return refuse('bad_field', `Execution: "${strange.slice(0, 40)}": not a word of the standard`)
  const off = power.length > 0 && power.every((word) => word === 'OFF')
  if (!off && !execution.some((word) => word !== 'UNAVAILABLE') && !power.includes('ON')) return gone
  const contact: Contact = {
    powered: !off,
    run: !off && execution.some((word) => running.has(word)),
    fault: !off && faults(stream),
  }
  return accept<Reading>({ kind: 'sample', sample: { at: arrival, contact } })
}

function deviceStream(text: string, device: string | undefined): string | undefined {
  const streams = text.split(/<(?:\w+:)?DeviceStream\s/).slice(1)
  if (device === undefined) return streams.length === 1 ? streams[0] : undefined
  const found = streams.filter((stream) => {
    const head = stream.slice(0, stream.indexOf('>'))
    return /\bname="([^"]*)"/.exec(head)?.[1] === device || /\buuid="([^"]*)"/.exec(head)?.[1] === device
  })
  return found.length === 1 ? found[0] : undefined
}

function valuesOf(text: string, element: string): string[] {
  const tags = text.split(new RegExp(`<(?:\\w+:)?${element}(?=[\\s>])`)).slice(1, maxFaultMessages)
  return tags.flatMap((tag) => {
    const open = tag.indexOf('>')
    const end = tag.indexOf('<', open)
    // An empty element says nothing.
    return open < 0 || end < 0 || tag[open - 1] === '/' ? [] : [tag.slice(open + 1, end).trim()]
  })
}

const faults = (text: string): boolean => /<(?:\w+:)?Fault[\s/>]/.test(text)
