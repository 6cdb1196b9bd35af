/** The session, and the view that the address names. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, Failure, isSharedPage, onSessionEnd, type Pixel, request, type Session } from './api.ts';
import { go, type Resource, useGet, useLocation, useOnline } from './hooks.ts';
import { lazy } from './lazy.tsx';
import { Overview } from './overview.tsx';
import { isOpenLink, OpenLink, SignIn, UnusedLink } from './sign-in.tsx';
import { Stats } from './stats.tsx';
import { sharedSubject, subjectOf } from './subject.ts';
import { ThemeButton } from './theme.tsx';
import { Empty, ErrorMessage, Heading, Link, Loading, ResourceView } from './ui.tsx';

const AddPixel = lazy(() => import('./add-pixel.tsx'));
const Install = lazy(() => import('./install.tsx'));
const Live = lazy(() => import('./live.tsx'));
const Rejections = lazy(() => import('./rejections.tsx'));
const PixelSettings = lazy(() => import('./settings.tsx'));
const Tokens = lazy(() => import('./tokens.tsx'));

type SessionState = Session | 'loading' | 'signed-out' | Failure;

export function App() {
  return (
    <>
      <Offline />
      <Screen />
    </>
  );
}

/** A banner while the device is offline. */
function Offline() {
  return useOnline() ? null : (
    <p class="banner" role="alert">
      This device is offline. The numbers may be out of date.
    </p>
  );
}

function Screen() {
  const [session, set] = useState<SessionState>('loading');
  const { hash } = useLocation();
  const load = async (): Promise<void> => {
    try {
      const response = await request('GET', '/api/v1/session', undefined, { quiet: true });
      const answer = (await response.json()) as Session | { readonly session: null };
      set('session' in answer ? 'signed-out' : answer);
    } catch (error) {
      const failure = error as Failure;
      set(failure.status === 401 ? 'signed-out' : failure);
    }
  };
  useEffect(() => {
    onSessionEnd(() => set('signed-out'));
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
        <Heading>Speck cannot be reached</Heading>
        <ErrorMessage failure={session} retry={load} />
      </SimplePage>
    );
  }
  if (isSharedPage) {
    // Another link in the address is another page, also if the browser does not load the document again.
    return <SharedPage key={hash} session={session === 'signed-out' ? null : session} onOpen={set} />;
  }
  if (session === 'signed-out') {
    return (
      <SimplePage>
        <SignIn onSignIn={load} />
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

/** A page without navigation. */
function SimplePage({
  wide = false,
  children,
}: {
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}) {
  return (
    <>
      <header class="top">
        <span class="brand">
          <span class="mark" aria-hidden="true" /> Speck
        </span>
        <span class="end">
          <ThemeButton />
        </span>
      </header>
      <main class={wide ? '' : 'bare'} id="main">
        {children}
      </main>
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
  const { path } = useLocation();
  const [, first = '', second = ''] = path.split('/').map(currentName);
  const [version, setVersion] = useState(0);
  const pixels = useGet<{ pixels: Pixel[] }>(`/api/v1/pixels?${version}`);
  const reload = (): void => setVersion((before) => before + 1);
  const pixel = pixels.data?.pixels.find(({ id }) => id === first);
  const mayChange = session.scopes.includes('pixels:write');

  const signOut = async (): Promise<void> => {
    await call('DELETE', '/api/v1/session');
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
                  href={`/app/${pixel.id}${name && `/${name}`}`}
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
          <ResourceView resource={pixels}>
            {() => (
              <>
                <Heading>Not found</Heading>
                <Empty title="This page does not exist">
                  <Link class="target" href="/app/">
                    Back to all pixels
                  </Link>
                </Empty>
              </>
            )}
          </ResourceView>
        )}
      </main>
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
          go(value === '' ? '/app/' : `/app/${value}${view && `/${view}`}`);
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
  return <Stats subject={subjectOf(pixel, mayChange)} />;
}
