/** The session, and the view that the address names. */
import { useEffect, useState } from 'preact/hooks';
import {
  clearCache,
  Failure,
  failureOf,
  isSharedPage,
  onSessionEnd,
  type Pixel,
  request,
  type Session,
} from './api.ts';
import { retryAll, useOutage } from './connection.ts';
import { go, type Resource, useGet, useLocation } from './hooks.ts';
import { lazy } from './lazy.tsx';
import { isOpenLink } from './opened-link.ts';
import { publicId } from './public.ts';
import { SignIn, UnusedLink } from './sign-in.tsx';
import { SimplePage, Unreachable } from './simple-page.tsx';
import { Stats } from './stats.tsx';
import { sharedSubject, subjectOf } from './subject.ts';
import { onOtherTab, tellOtherTabs, wasSignedIn } from './tabs.ts';
import { ThemeButton } from './theme.tsx';
import { Empty, Heading, Link, Loading, ResourceView } from './ui.tsx';
import { commonPart, parseView, searchOf } from './view.ts';

const AddPixel = lazy(() => import('./add-pixel.tsx'));
const Overview = lazy(() => import('./overview.tsx'));
const Install = lazy(() => import('./install.tsx'));
const Live = lazy(() => import('./live.tsx'));
const Rejections = lazy(() => import('./rejections.tsx'));
const PixelSettings = lazy(() => import('./settings.tsx'));
const Tokens = lazy(() => import('./tokens.tsx'));
const OpenLink = lazy(() => import('./open-link.tsx'));
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

const VIEWS = [
  { name: '', label: 'Statistics' },
  { name: 'live', label: 'Live' },
  { name: 'rejections', label: 'Rejections' },
  { name: 'install', label: 'Install', changes: true },
  { name: 'settings', label: 'Settings', changes: true },
] as const;

/** A view's name in an address. Bookmarks may have a former name. */
const currentName = (name: string): string => (name === 'refusals' ? 'rejections' : name);

function OwnerPages({ session, onSignOut }: { readonly session: Session; readonly onSignOut: () => void }) {
  const { path, search } = useLocation();
  const [, first = '', second = ''] = path.split('/').map(currentName);
  const [version, setVersion] = useState(0);
  const pixels = useGet<{ pixels: Pixel[] }>(`/api/v1/pixels?${version}`);
  const reload = (): void => setVersion((before) => before + 1);
  const pixel = pixels.data?.pixels.find(({ id }) => id === first);
  const mayChange = session.scopes.includes('pixels:write');

  const [signOutFailure, setSignOutFailure] = useState<Failure | null>(null);
  const signOut = async (): Promise<void> => {
    try {
      await request('DELETE', '/api/v1/session', undefined, { quiet: true });
    } catch (error) {
      const failure = failureOf(error);
      // A session that has ended needs no sign-out.
      if (failure.status !== 401) {
        setSignOutFailure(failure);
        return;
      }
    }
    wasSignedIn.set(false);
    clearCache();
    tellOtherTabs();
    onSignOut();
    go('/app/');
  };

  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <Link class="brand" href="/app/">
          <span class="mark" aria-hidden="true" /> Speck
        </Link>
        {pixel && (
          <>
            <PixelChoice pixels={pixels.data?.pixels ?? []} at={pixel.id} view={second} />
            <nav aria-label="Views">
              {VIEWS.filter((view) => mayChange || !('changes' in view)).map(({ name, label }) => (
                <Link
                  key={name}
                  href={`/app/${pixel.id}${name && `/${name}`}${search}`}
                  aria-current={second === name ? 'page' : undefined}
                >
                  {label}
                </Link>
              ))}
            </nav>
          </>
        )}
        <span class="end">
          {session.kind === 'admin' && (
            <Link href="/app/tokens" aria-current={first === 'tokens' ? 'page' : undefined}>
              Tokens
            </Link>
          )}
          <ThemeButton />
          <button type="button" class="quiet" onClick={signOut}>
            Sign out
          </button>
        </span>
      </header>
      {signOutFailure && (
        <p class="banner" role="alert">
          You are still signed in. {signOutFailure.sentences[0]}{' '}
          <button type="button" class="quiet" onClick={() => void signOut()}>
            Sign out again
          </button>
        </p>
      )}
      <main id="main">
        {first === 'tokens' ? (
          <Tokens pixels={pixels.data?.pixels ?? []} />
        ) : first === 'new' ? (
          <AddPixel onAdd={reload} />
        ) : first === '' ? (
          <Home
            pixels={pixels}
            mayAdd={mayChange && session.pixel === null}
            mayChange={mayChange}
            onChange={reload}
          />
        ) : pixel ? (
          <PixelView
            key={`${pixel.id} ${second}`}
            pixel={pixel}
            view={second}
            mayChange={mayChange}
            onChange={reload}
          />
        ) : pixels.pending ? (
          <Loading />
        ) : (
          <ResourceView resource={pixels}>{() => <NotFound />}</ResourceView>
        )}
      </main>
    </>
  );
}

function NotFound() {
  return (
    <>
      <Heading>Not found</Heading>
      <Empty title="This page does not exist">
        <Link class="target" href="/app/">
          Back to all pixels
        </Link>
      </Empty>
    </>
  );
}

interface PixelChoiceProps {
  readonly pixels: readonly Pixel[];
  readonly at: string;
  readonly view: string;
}

function PixelChoice({ pixels, at, view }: PixelChoiceProps) {
  return (
    <label class="inline which">
      <span class="hidden">Pixel</span>
      <select
        value={at}
        onChange={(event) => {
          const { value } = event.currentTarget;
          const common = searchOf(commonPart(parseView(location.search)));
          go(value === '' ? '/app/' : `/app/${value}${view && `/${view}`}${common}`);
        }}
      >
        {pixels.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
        <option value="">All pixels</option>
      </select>
    </label>
  );
}

interface HomeProps {
  readonly pixels: Resource<{ pixels: Pixel[] }>;
  readonly mayAdd: boolean;
  readonly mayChange: boolean;
  readonly onChange: () => void;
}

function Home({ pixels, mayAdd, mayChange, onChange }: HomeProps) {
  return (
    <ResourceView resource={pixels}>
      {({ pixels: all }) =>
        all.length > 0 ? (
          <Overview pixels={all} mayAdd={mayAdd} mayChange={mayChange} />
        ) : mayAdd ? (
          <AddPixel onAdd={onChange} />
        ) : (
          <>
            <Heading>No pixel yet</Heading>
            <Empty title="Nothing to show">
              This token cannot add pixels. Ask the person who gave it to you.
            </Empty>
          </>
        )
      }
    </ResourceView>
  );
}

interface PixelViewProps {
  readonly pixel: Pixel;
  readonly view: string;
  readonly mayChange: boolean;
  readonly onChange: () => void;
}

function PixelView({ pixel, view, mayChange, onChange }: PixelViewProps) {
  if (view === 'live') return <Live pixel={pixel} />;
  if (view === 'rejections') return <Rejections pixel={pixel} />;
  if (view === 'install') return <Install pixel={pixel} />;
  if (view === 'settings') return <PixelSettings pixel={pixel} onChange={onChange} />;
  if (view !== '') return <NotFound />;
  return <Stats subject={subjectOf(pixel, mayChange)} />;
}
