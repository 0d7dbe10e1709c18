import { gatewayCommand } from './gateway.ts'
import { runCommand } from './run-command.ts'

// The gateway's own program, for machines that have nothing else of this software (`npm run pack:gateway`).
const command = () => gatewayCommand().name('hours-gateway')
process.exitCode = await runCommand('hours-gateway', command, process.argv.slice(2))
