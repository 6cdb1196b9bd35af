/** Signing in with a token, and opening a shared link. */
import { useEffect, useState } from 'preact/hooks';
import { isLoopback } from '../model/loopback.ts';
import { call, Failure, type Session } from './api.ts';
import { Form, Input, useSubmission } from './forms.tsx';
import { receiveLinkToken } from './link-token.ts';
import { ErrorMessage, Heading, Loading } from './ui.tsx';

/**
 * Links sign in on this machine only. Elsewhere, another site could sign the reader in as somebody else: it would open a link with
 * a token of its own. Browsers also keep the addresses of links in their history, and may copy it to other devices.
 */
const NOT_BY_LINK = 'A link signs you in only to a Speck on your own machine. Paste the token here instead.';

export function SignIn({ onSignIn }: { readonly onSignIn: () => Promise<void> }) {
  const [token, setToken] = useState('');
  const submission = useSubmission();
  const signInWith = async (token: string): Promise<undefined> => {
    await call('POST', '/api/v1/session', { token });
    if ('session' in (await call<object>('GET', '/api/v1/session'))) {
      throw new Failure(401, {
        detail:
          'The browser did not store the session. Open the dashboard over https, or as http://localhost.',
      });
    }
    await onSignIn();
  };
  useEffect(
    () =>
      receiveLinkToken((linked) => {
        void submission.send(async () => {
          if (!isLoopback(location.hostname)) throw new Failure(403, { detail: NOT_BY_LINK });
          await signInWith(linked);
          return undefined;
        });
      }),
    [],
  );
  return (
    <Form kind="narrow" submission={submission} submit={() => signInWith(token)} button="Sign in">
      <Heading>Sign in</Heading>
      <p class="muted">
        Use <code>ADMIN_TOKEN</code>, or a token created with it. <code>npm start</code> prints the token of a
        local Speck.
      </p>
      <Input
        label="Token"
        type="password"
        autocomplete="current-password"
        takesFocus
        required
        value={token}
        set={setToken}
      />
    </Form>
  );
}

/** Says that a link that signs in was not used, since it would have replaced a session. The owner's session can do all that its token can. */
export function UnusedLink({ session }: { readonly session: Session }) {
  const [isUnused, setUnused] = useState(false);
  useEffect(() => receiveLinkToken(() => setUnused(session.kind !== 'admin')), [session]);
  return isUnused ? (
    <p class="banner" role="alert">
      You are already signed in, so the link was not used. To sign in with its token, sign out first.
    </p>
  ) : null;
}

/** The session storage entry with the link that this tab has opened. With it a reload needs no password. */
const OPEN_LINK = 'speck-link';
const openLinkOf = (pixel: string): string => `${pixel} ${location.hash}`;

/** Whether this tab has opened the link in its address. */
export function isOpenLink(pixel: string): boolean {
  return sessionStorage.getItem(OPEN_LINK) === openLinkOf(pixel);
}

/** Opens a shared link. Its secret is in the fragment of the address, which browsers send to no server. */
export function OpenLink({ onOpen }: { readonly onOpen: (session: Session) => void }) {
  const [password, setPassword] = useState('');
  const [needsPassword, setNeedsPassword] = useState(false);
  const submission = useSubmission();
  const link = location.hash.slice(1);
  const open = async (): Promise<undefined> => {
    try {
      if (link === '')
        throw new Failure(401, { detail: 'This address is incomplete: the part after the # is missing.' });
      const body = { link, ...(password === '' ? {} : { password }) };
      const session = await call<Session>('POST', '/api/v1/session', body);
      sessionStorage.setItem(OPEN_LINK, openLinkOf(session.shown?.id ?? ''));
      onOpen(session);
    } catch (error) {
      if ((error as Failure).reason === 'wrong_password') {
        setNeedsPassword(true);
        if (password === '') return;
      }
      throw error;
    }
  };
  useEffect(() => {
    void submission.send(open);
  }, []);
  if (needsPassword) {
    return (
      <Form kind="narrow" submission={submission} submit={open} button="Open">
        <Heading>Shared statistics</Heading>
        <Input
          label="Password"
          hint="Ask the person who gave you the link."
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
      {submission.failure ? (
        <ErrorMessage failure={submission.failure} retry={() => void submission.send(open)} />
      ) : (
        <Loading />
      )}
    </div>
  );
}
