import type { TargetedEvent } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { startOver } from '../resource.ts'
import { setQuery } from '../route.ts'
import { loginWanted, offersOidc, rememberPlace, sendLogin } from '../signed-in.ts'
import { text } from '../text/text.ts'

/** Name and password, or another authority; a new page begins with what the account may see. */
export function LoginView() {
  const words = text.value.login
  const [oidc, setOidc] = useState(false)
  const refusedThere = new URLSearchParams(location.search).get('login') === 'refused'
  useEffect(() => {
    offersOidc().then(setOidc, () => setOidc(false))
  }, [])
  return (
    <>
      <h1>{words.title}</h1>
      {refusedThere ? <p class="wrong">{words.refusedThere}</p> : null}
      <PasswordForm
        withAccount
        button={words.signIn}
        wrong={words.wrong}
        send={(account, password) => sendLogin('login', { account, password })}
        done={signedIn}
      />
      {oidc ? (
        <p>
          <a class="button quiet" href="/api/v1/login/oidc" onClick={rememberPlace}>
            {words.oidc}
          </a>
        </p>
      ) : null}
    </>
  )
}

/** Where the one-time link leads: the token behind `#` is sent with the chosen password and nowhere else. */
export function WelcomeView() {
  const words = text.value.login
  return (
    <>
      <h1>{words.welcome}</h1>
      <p>{words.welcomeDo}</p>
      <PasswordForm
        button={words.choose}
        wrong={words.linkWrong}
        send={(_account, password) => sendLogin('welcome', { token: location.hash.slice(1), password })}
        done={() => location.assign('/')}
      />
    </>
  )
}

/** On with the view that was wanted: what it could not ask before is asked now. */
function signedIn(): void {
  setQuery({ login: null })
  loginWanted.value = false
  startOver()
}

interface FormProps {
  readonly withAccount?: boolean
  readonly button: string
  readonly wrong: string
  readonly send: (account: string, password: string) => Promise<boolean>
  readonly done: () => void
}

function PasswordForm({ withAccount, button, wrong, send, done }: FormProps) {
  const words = text.value.login
  const [state, setState] = useState<'asking' | 'sending' | 'wrong'>('asking')
  const submit = (event: TargetedEvent<HTMLFormElement>) => {
    event.preventDefault()
    const given = new FormData(event.currentTarget)
    const field = (name: string) => {
      const value = given.get(name)
      return typeof value === 'string' ? value : ''
    }
    setState('sending')
    send(field('account'), field('password')).then(
      (isTaken) => {
        if (isTaken) done()
        else setState('wrong')
      },
      () => setState('wrong'),
    )
  }
  return (
    <form class="login" onSubmit={submit}>
      {withAccount ? (
        <label class="field">
          <span>{words.account}</span>
          <input name="account" autocomplete="username" required maxLength={80} spellcheck={false} />
        </label>
      ) : null}
      <label class="field">
        <span>{words.password}</span>
        <input
          name="password"
          type="password"
          required
          maxLength={200}
          autocomplete={withAccount ? 'current-password' : 'new-password'}
          minLength={withAccount ? undefined : 12}
        />
      </label>
      <p role="alert" class="wrong">
        {state === 'wrong' ? wrong : ''}
      </p>
      <button class="button" disabled={state === 'sending'}>
        {button}
      </button>
    </form>
  )
}
