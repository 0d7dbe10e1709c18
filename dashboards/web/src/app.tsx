import { useErrorBoundary, useEffect, useState } from 'preact/hooks'
import type { ComponentType } from 'preact'
import { Patterns } from './charts/patterns.tsx'
import { lazily } from './lazy.tsx'
import { askWhoIam, may, me } from './me.ts'
import { Notice, Waiting } from './notice.tsx'
import { chooseLanguage, chooseTheme, language, theme } from './prefs.ts'
import { place, viewName } from './route.ts'
import type { View } from './routes.ts'
import { csrfToken, loginWanted, sendLogin } from './signed-in.ts'
import { simulated } from './simulated.ts'
import { text } from './text/text.ts'
import { NowView } from './views/now.tsx'

type Loader = () => Promise<ComponentType>

/** Views beside the first come when they are asked for. */
const loaders: Readonly<Record<View, Loader>> = {
  i: async () => (await import('./views/instrument.tsx')).InstrumentView,
  fleet: async () => (await import('./views/fleet.tsx')).FleetView,
  reconciliation: async () => (await import('./views/reconciliation.tsx')).ReconciliationView,
  assessment: async () => (await import('./views/assessment.tsx')).AssessmentView,
  quality: async () => (await import('./views/quality.tsx')).QualityView,
  setup: async () => (await import('./views/setup.tsx')).SetupView,
  welcome: async () => (await import('./views/login.tsx')).WelcomeView,
}

const tabs = ['now', 'fleet', 'reconciliation', 'assessment', 'quality', 'setup'] as const

export function App() {
  const kiosk = viewName.value === '' && place.value.query.has('kiosk') && !loginWanted.value
  const isLogin = loginWanted.value && viewName.value !== 'welcome'
  // Anew after a login: the session may be somebody else's.
  useEffect(() => {
    if (!loginWanted.value) askWhoIam()
  }, [loginWanted.value])
  useEffect(() => {
    document.title = titleOf(viewName.value)
  }, [viewName.value, language.value])
  return (
    <>
      <Patterns />
      {kiosk ? (
        <NowView />
      ) : (
        <div class="page">
          <a class="skip" href="#content">
            {text.value.skip}
          </a>
          <Masthead />
          <main id="content" tabIndex={-1}>
            {isLogin ? <Login /> : null}
            {/* Kept behind the login: whoever signs in again finds what was typed. */}
            <div hidden={isLogin}>
              <Guarded key={place.value.path} />
            </div>
          </main>
        </div>
      )}
    </>
  )
}

/** Set-up is for who may set something up, or hand in what people did. */
const isOffered = (tab: (typeof tabs)[number]): boolean => tab !== 'setup' || may('enrol') || may('write')

function titleOf(view: string): string {
  const { nav, brand } = text.value
  const tab = tabs.find((name) => name === (view === '' || view === 'i' ? 'now' : view))
  return tab ? `${nav[tab]} · ${brand}` : brand
}

function Masthead() {
  const words = text.value
  const current = viewName.value
  return (
    <header class="masthead">
      <a class="brand" href="/">
        <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
          <path
            d="M2 18V8M8 18v-6M14 18V3M20 18v-8"
            stroke="currentColor"
            stroke-width="2.6"
            stroke-linecap="round"
            fill="none"
          />
        </svg>
        {words.brand}
      </a>
      {simulated.value ? (
        <span class="stamp" title={words.simulatedWhy}>
          {words.simulated}
        </span>
      ) : null}
      <nav class="nav" aria-label={words.navLabel}>
        {tabs.filter(isOffered).map((tab) => (
          <a
            key={tab}
            href={tab === 'now' ? '/' : `/${tab}`}
            aria-current={
              current === tab || (tab === 'now' && (current === '' || current === 'i')) ? 'page' : undefined
            }
          >
            {words.nav[tab]}
          </a>
        ))}
      </nav>
      <div class="prefs">
        {me.value === undefined ? null : (
          <span class="soft small" title={words.roles[me.value.role] ?? me.value.role}>
            {me.value.name} · {words.roles[me.value.role] ?? me.value.role}
          </span>
        )}
        <button
          type="button"
          class="plain"
          lang={language.value === 'zh' ? 'en' : 'zh'}
          onClick={() => chooseLanguage(language.value === 'zh' ? 'en' : 'zh')}
        >
          {language.value === 'zh' ? 'English' : '中文'}
        </button>
        <button
          type="button"
          class="plain"
          onClick={() => chooseTheme(theme.value === 'dark' ? 'light' : 'dark')}
        >
          {theme.value === 'dark' ? words.theme.toLight : words.theme.toDark}
        </button>
        {csrfToken() === null ? null : (
          <button
            type="button"
            class="plain"
            onClick={() => {
              sendLogin('logout', {}).then(
                () => location.assign('/'),
                () => location.assign('/'),
              )
            }}
          >
            {words.login.signOut}
          </button>
        )}
      </div>
    </header>
  )
}

/** One view; what throws while it is drawn is shown as a fault, and the rest of the page stays usable. */
function Guarded() {
  const boundary = useErrorBoundary()
  const error: unknown = boundary[0]
  const words = text.value.fault
  if (error === undefined || error === null) return <CurrentView />
  return (
    <>
      <Notice title={words.broken} bad main>
        <p>{words.brokenDo}</p>
        <p class="mono">{error instanceof Error ? error.message : text.value.fault.broken}</p>
        <button type="button" class="button quiet" onClick={boundary[1]}>
          {words.again}
        </button>
      </Notice>
    </>
  )
}

/** Stands before every view while the server wants a login, but the one where a password is chosen. */
const Login = lazily(async () => (await import('./views/login.tsx')).LoginView, 320)

function CurrentView() {
  const name = viewName.value
  const loader = (loaders as Readonly<Record<string, Loader>>)[name]
  const [loaded, setLoaded] = useState<{ name: string; view: ComponentType } | undefined>()
  useEffect(() => {
    if (!loader) return undefined
    // A view that was asked for before must not come after the one that is wanted now.
    let isWanted = true
    loader().then(
      (view) => {
        if (isWanted) setLoaded({ name, view })
      },
      // A newer version was installed while the page was open: its files have other names.
      () => location.reload(),
    )
    return () => {
      isWanted = false
    }
  }, [name])
  if (name === '') return <NowView />
  if (!loader)
    return (
      <>
        <Notice title={text.value.fault.noPlace} main>
          <p>{text.value.fault.noPlaceDo}</p>
          <a class="button" href="/">
            {text.value.fault.toNow}
          </a>
        </Notice>
      </>
    )
  if (loaded?.name !== name) return <Waiting height={480} />
  const View = loaded.view
  return <View />
}
