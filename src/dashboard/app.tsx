/** The session: signing in, what ends it, and whether Speck can be reached. */
import { useEffect, useState } from 'preact/hooks';
import { clearCache, Failure, failureOf, isSharedPage, onSessionEnd, request, type Session } from './api.ts';
import { retryAll, useOutage } from './connection.ts';
import { useLocation } from './hooks.ts';
import { lazy } from './lazy.tsx';
import { isOpenLink } from './opened-link.ts';
import { OwnerPages } from './owner-pages.tsx';
import { publicId } from './public.ts';
import { SimplePage, Unreachable } from './simple-page.tsx';
import { Stats } from './stats.tsx';
import { sharedSubject } from './subject.ts';
import { onOtherTab, tellOtherTabs, wasSignedIn } from './tabs.ts';
import { Loading } from './ui.tsx';
import { UnusedLink } from './unused-link.tsx';

const OpenLink = lazy(() => import('./open-link.tsx'));
const SignIn = lazy(() => import('./sign-in.tsx'));
const PublicPage = lazy(() => import('./public-page.tsx'));

/** The session; or that there is none, and whether it has ended without the reader's doing in this tab. */
type SessionState = Session | 'loading' | 'signed-out' | 'ended' | Failure;

export function App() {
  return (
    <>
      <Outage />
      {publicId === null ? <Screen /> : <PublicPage />}
    </>
  );
}

const OUTAGES = {
  offline: 'This device is offline. The numbers may be out of date.',
  down: 'Speck cannot be reached. The numbers may be out of date.',
} as const;

/** A banner while no answers come. */
function Outage() {
  const outage = useOutage();
  return (
    outage && (
      <p class="banner" role="alert">
        {OUTAGES[outage]} It is asked again by itself.{' '}
        <button type="button" class="quiet" onClick={retryAll}>
          Try now
        </button>
      </p>
    )
  );
}

function Screen() {
  const [session, set] = useState<SessionState>('loading');
  const { hash } = useLocation();
  const load = async (): Promise<void> => {
    // Whoever signs out in one tab learns in the others why they are closed.
    const end = (): void =>
      set((before) => {
        const ended = typeof before === 'string' ? before === 'ended' : !(before instanceof Failure);
        return ended || wasSignedIn.get() ? 'ended' : 'signed-out';
      });
    try {
      const response = await request('GET', '/api/v1/session', undefined, { quiet: true });
      const answer = (await response.json()) as Session | { readonly session: null };
      if ('session' in answer) end();
      else {
        wasSignedIn.set(true);
        set(answer);
      }
    } catch (error) {
      const failure = failureOf(error);
      if (failure.status === 401) end();
      // Without an answer nobody knows whether the session has ended.
      else set((before) => (typeof before === 'string' || before instanceof Failure ? failure : before));
    }
  };
  useEffect(() => {
    const reload = (): void => {
      clearCache();
      void load();
    };
    onSessionEnd(reload);
    onOtherTab(reload);
    void load();
  }, []);

  if (session === 'loading') {
    return (
      <SimplePage>
        <Loading />
      </SimplePage>
    );
  }
  if (session instanceof Failure) {
    return (
      <SimplePage>
        <Unreachable failure={session} retry={load} />
      </SimplePage>
    );
  }
  if (isSharedPage) {
    // Another link in the address is another page, also if the browser does not load the document again.
    return <SharedPage key={hash} session={typeof session === 'string' ? null : session} onOpen={set} />;
  }
  if (typeof session === 'string') {
    return (
      <SimplePage>
        {session === 'ended' && (
          <p class="notice" role="alert">
            Your session has ended. Sign in to continue.
          </p>
        )}
        <SignIn
          onSignIn={async () => {
            await load();
            tellOtherTabs();
          }}
        />
      </SimplePage>
    );
  }
  return (
    <>
      <UnusedLink session={session} />
      <OwnerPages session={session} onSignOut={() => set('signed-out')} />
    </>
  );
}

interface SharedProps {
  readonly session: Session | null;
  readonly onOpen: (session: Session) => void;
}

/** The page of a shared link. */
function SharedPage({ session, onOpen }: SharedProps) {
  const subject = session && sharedSubject(session);
  // The session may be of another link that was opened before.
  const [isOpen, setOpen] = useState(subject !== null && isOpenLink(subject.id));
  if (!isOpen || !subject) {
    return (
      <SimplePage>
        <OpenLink
          onOpen={(opened) => {
            onOpen(opened);
            setOpen(true);
          }}
        />
      </SimplePage>
    );
  }
  return (
    <SimplePage wide>
      <Stats subject={subject} />
    </SimplePage>
  );
}
