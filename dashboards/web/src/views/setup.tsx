import { may } from '../me.ts'
import { Notice } from '../notice.tsx'
import { ImportPanel } from '../setup/import-panel.tsx'
import { NewGateway } from '../setup/new-gateway.tsx'
import { RunningLevels } from '../setup/running-levels.tsx'
import { text } from '../text/text.ts'

/** From a plug to hours, levels of what reports already, and files of what people did. */
export function SetupView() {
  const words = text.value.setup
  return (
    <>
      <h1>{words.title}</h1>
      {may('write') || may('enrol') ? <p class="lead">{words.intro}</p> : <Notice title={words.readOnly} />}
      {may('enrol') ? <NewGateway /> : null}
      <RunningLevels />
      {may('write') ? <ImportPanel /> : null}
    </>
  )
}
