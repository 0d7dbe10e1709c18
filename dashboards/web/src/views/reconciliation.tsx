export function ReconciliationView() {
  return <h1>Reconciliation</h1>
}
