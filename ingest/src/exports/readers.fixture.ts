import { spawnSync } from 'node:child_process'

/** For tests: readers that share no code with the writers, out of Python's standard library alone. */
export const hasPython = spawnSync('python3', ['-c', 'import zipfile, zlib']).status === 0
if (!hasPython) {
  if (process.env['HOURS_REQUIRE_SERVICES'] === '1') throw new Error('python3 is missing')
  console.warn('python3 is missing: XLSX and PDF are not read back (apt install python3)')
}

function python(script: string, bytes: Buffer): unknown {
  const ran = spawnSync('python3', ['-c', script], { input: bytes, maxBuffer: 64 << 20 })
  if (ran.status !== 0) throw new Error(String(ran.stderr))
  return JSON.parse(String(ran.stdout))
}

const xlsx = `
import sys, io, json, zipfile, re
import xml.etree.ElementTree as E
z = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))
assert z.testzip() is None
n = '{http://schemas.openxmlformats.org/spreadsheetml/2006/main}'
r = '{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id'
shared = [''.join(t.text or '' for t in s.iter(n + 't')) for s in E.fromstring(z.read('xl/sharedStrings.xml'))]
rels = {e.get('Id'): e.get('Target') for e in E.fromstring(z.read('xl/_rels/workbook.xml.rels'))}
out = {}
for s in E.fromstring(z.read('xl/workbook.xml')).find(n + 'sheets'):
    rows = []
    for row in E.fromstring(z.read('xl/' + rels[s.get(r)].lstrip('/').removeprefix('xl/'))).iter(n + 'row'):
        cells = {}
        for c in row:
            assert c.find(n + 'f') is None, 'a formula'
            col = 0
            for ch in re.match('[A-Z]+', c.get('r')).group(): col = col * 26 + ord(ch) - 64
            v = c.find(n + 'v')
            if v is not None: cells[col - 1] = shared[int(v.text)] if c.get('t') == 's' else float(v.text)
        rows.append([cells.get(i) for i in range(max(cells, default=-1) + 1)])
    out[s.get('name')] = rows
print(json.dumps(out))
`

/** Sheet name -> rows of cells; a formula anywhere is an error. */
export const readXlsx = (bytes: Buffer): Record<string, (string | number | null)[][]> =>
  python(xlsx, bytes) as Record<string, (string | number | null)[][]>

const pdf = String.raw`
import sys, json, re, zlib
data = sys.stdin.buffer.read()
objs = {}
for m in re.finditer(rb'(\d+) 0 obj\n(.*?)\nendobj', data, re.S):
    body = m.group(2)
    s = re.search(rb'stream\n(.*?)\nendstream', body, re.S)
    stream = None
    if s:
        stream = s.group(1)
        if b'FlateDecode' in body: stream = zlib.decompress(stream)
        body = body[:s.start()]
    objs[int(m.group(1))] = (body, stream)
def cmap(text):
    to = {}
    for lo, hi, arr in re.findall(r'<([0-9a-f]+)> <([0-9a-f]+)> \[(.*?)\]', text, re.S | re.I):
        for i, h in enumerate(re.findall(r'<([0-9a-f ]+)>', arr, re.I)):
            to[int(lo, 16) + i] = bytes.fromhex(h).decode('utf-16-be')
    return to
def font(n):
    body = objs[n][0]
    u = re.search(rb'/ToUnicode (\d+) 0 R', body)
    return cmap(objs[int(u.group(1))][1].decode()) if u else None
pages = []
for n in [int(x) for x in re.findall(rb'(\d+) 0 R', re.search(rb'/Kids \[(.*?)\]', b''.join(b for b, _ in objs.values()), re.S).group(1))]:
    body = objs[n][0]
    res = objs[int(re.search(rb'/Resources (\d+) 0 R', body).group(1))][0]
    fonts = {k.decode(): font(int(v)) for k, v in re.findall(rb'/(F\d+) (\d+) 0 R', res)}
    text, current = [], None
    content = objs[int(re.search(rb'/Contents (\d+) 0 R', body).group(1))][1].decode('latin1')
    for name, arr in re.findall(r'/(F\d+) [\d.]+ Tf|\[(.*?)\] TJ', content, re.S):
        if name: current = fonts[name]; continue
        h = bytes.fromhex(''.join(re.findall(r'<([0-9a-f]*)>', arr)))
        if current is None: text.append(h.decode('cp1252'))
        else: text.append(''.join(current.get(int.from_bytes(h[i:i+2], 'big'), '?') for i in range(0, len(h), 2)))
    pages.append(text)
print(json.dumps(pages))
`

/** The texts of each page in the order they were written. */
export const readPdf = (bytes: Buffer): string[][] => python(pdf, bytes) as string[][]
