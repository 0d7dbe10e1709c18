// Before the first paint, so that a chosen theme or language does not flash. Kept apart because inline scripts are forbidden.
;(() => {
  const asked = new URLSearchParams(location.search)
  const stored = (name) => {
    try {
      return localStorage.getItem(`hours.${name}`)
    } catch {
      return null
    }
  }
  const theme = asked.get('theme') ?? stored('theme')
  const dark = theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  const lang = asked.get('lang') ?? stored('lang') ?? navigator.language
  document.documentElement.lang = lang.startsWith('zh') ? 'zh-CN' : 'en'
})()
