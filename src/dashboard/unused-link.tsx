import { useEffect, useState } from 'preact/hooks';
import type { Session } from './api.ts';
import { receiveLinkToken } from './link-token.ts';

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
