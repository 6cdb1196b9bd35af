/** Signing in with a token, and opening a shared link. */
import { useEffect, useState } from 'preact/hooks';
import { call, Failure, type Session } from './api.ts';
import { Form, Input, useSending } from './forms.tsx';
import { Heading, Loading, Trouble } from './ui.tsx';

export function SignIn({ done }: { readonly done: () => Promise<void> }) {
  const [token, setToken] = useState('');
  const sending = useSending();
  const signIn = async (): Promise<undefined> => {
    await call('POST', '/api/v1/session', { token });
    await call('GET', '/api/v1/session').catch((error: Failure) => {
      if (error.status !== 401) throw error;
      throw new Failure(401, {
        detail:
          'The browser did not keep the session. Open the dashboard over https, or as http://localhost.',
      });
    });
    await done();
  };
  return (
    <Form kind="narrow" sending={sending} submit={signIn} button="Sign in">
      <Heading>Sign in</Heading>
      <p class="muted">
        With <code>ADMIN_TOKEN</code>, or a token made with it. <code>npm start</code> prints the one of a
        local Speck.
      </p>
      <Input
        label="Token"
        type="password"
        autocomplete="current-password"
        required
        value={token}
        set={setToken}
      />
    </Form>
  );
}

/** Which link this tab has opened, so that loading the page again asks for no password again. */
const OPENED = 'speck-link';
const opening = (pixel: string): string => `${pixel} ${location.hash}`;

/** Whether this tab's session is that of the link in the address. */
export function isOpenLink(pixel: string): boolean {
  return sessionStorage.getItem(OPENED) === opening(pixel);
}

/** The secret of a link is behind the `#`, which no browser sends to any server. */
export function OpenLink({ opened }: { readonly opened: (session: Session) => void }) {
  const [password, setPassword] = useState('');
  const [asks, setAsks] = useState(false);
  const sending = useSending();
  const link = location.hash.slice(1);
  const open = async (): Promise<undefined> => {
    try {
      if (link === '') throw new Failure(401, { detail: 'This address lacks the part behind the #.' });
      const body = { link, ...(password === '' ? {} : { password }) };
      const session = await call<Session>('POST', '/api/v1/session', body);
      sessionStorage.setItem(OPENED, opening(session.shown?.id ?? ''));
      opened(session);
    } catch (error) {
      if ((error as Failure).reason === 'wrong_password') {
        setAsks(true);
        if (password === '') return;
      }
      throw error;
    }
  };
  useEffect(() => {
    void sending.send(open);
  }, []);
  if (asks) {
    return (
      <Form kind="narrow" sending={sending} submit={open} button="Open">
        <Heading>Shared statistics</Heading>
        <Input
          label="Password"
          hint="Whoever gave you the link has it."
          type="password"
          autocomplete="off"
          required
          value={password}
          set={setPassword}
        />
      </Form>
    );
  }
  return (
    <div class="narrow">
      <Heading>Shared statistics</Heading>
      {sending.failure ? (
        <Trouble failure={sending.failure} retry={() => void sending.send(open)} />
      ) : (
        <Loading />
      )}
    </div>
  );
}
