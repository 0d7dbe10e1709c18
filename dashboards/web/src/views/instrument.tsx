export function InstrumentView() {
  return <h1>Instrument</h1>
}
