export function SetupView() {
  return <h1>Setup</h1>
}
