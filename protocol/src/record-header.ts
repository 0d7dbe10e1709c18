import { z } from 'zod'
import { Algorithm } from './record-fields.ts'

/** Header of every signed thing (records.md, section 1). `kid` is `holder#n`, `typ` is `hours-<kind>+jws`. */
export const RecordHeader = z.strictObject({
  alg: Algorithm,
  kid: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?#\d{1,9}$/, 'holder#n'),
  typ: z.string().regex(/^hours-[a-z-]{2,24}\+jws$/, 'hours-<kind>+jws'),
})
export type RecordHeader = z.infer<typeof RecordHeader>
