export { createWitness, serveWitness, type WitnessAnswer, type WitnessOptions } from './witness.ts'
