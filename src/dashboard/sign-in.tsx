/** Signing in with a token. */
import { useEffect, useState } from 'preact/hooks';
import { isLoopback } from '../model/loopback.ts';
import { call, Failure } from './api.ts';
import { Form, Input, useSubmission } from './forms.tsx';
import { receiveLinkToken } from './link-token.ts';
import { Heading } from './ui.tsx';

/**
 * Links sign in on this machine only. Elsewhere, another site could sign the reader in as somebody else: it would open a link with
 * a token of its own. Browsers also keep the addresses of links in their history, and may copy it to other devices.
 */
const NOT_BY_LINK = 'A link signs you in only to a Speck on your own machine. Paste the token here instead.';

export default function SignIn({ onSignIn }: { readonly onSignIn: () => Promise<void> }) {
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
        Use <code>ADMIN_TOKEN</code>, or a token created with it. For a Speck on this machine,{' '}
        <code>npm start</code> prints a link that signs you in.
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
