export function AssessmentView() {
  return <h1>Assessment</h1>
}
