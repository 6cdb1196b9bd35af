/** Who is signed in, and which view the address asks for. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, Failure, onSessionEnd, type Pixel, request, type Session, sharing } from './api.ts';
import { type Asked, go, useGet, useOnline, usePlace } from './hooks.ts';
import { later } from './later.tsx';
import { Overview } from './overview.tsx';
import { isOpenLink, OpenLink, SignIn } from './sign-in.tsx';
import { Stats } from './stats.tsx';
import { sharedSubject, subjectOf } from './subject.ts';
import { ThemeButton } from './theme.tsx';
import { Empty, Heading, Link, Loading, Show, Trouble } from './ui.tsx';

const AddPixel = later(() => import('./add-pixel.tsx'));
const Install = later(() => import('./install.tsx'));
const Live = later(() => import('./live.tsx'));
const Refusals = later(() => import('./refusals.tsx'));
const PixelSettings = later(() => import('./settings.tsx'));
const Tokens = later(() => import('./tokens.tsx'));

type Who = Session | 'asking' | 'nobody' | Failure;

export function App() {
  return (
    <>
      <Offline />
      <Screen />
    </>
  );
}

/** Says that what is shown may be old, for as long as the device is offline. */
function Offline() {
  return useOnline() ? null : (
    <p class="banner" role="alert">
      This device is offline. You see what was known before.
    </p>
  );
}

function Screen() {
  const [who, set] = useState<Who>('asking');
  const ask = async (): Promise<void> => {
    try {
      const response = await request('GET', '/api/v1/session', undefined, { quiet: true });
      set((await response.json()) as Session);
    } catch (error) {
      const failure = error as Failure;
      set(failure.status === 401 ? 'nobody' : failure);
    }
  };
  useEffect(() => {
    onSessionEnd(() => set('nobody'));
    void ask();
  }, []);

  if (who === 'asking') {
    return (
      <Bare>
        <Loading />
      </Bare>
    );
  }
  if (who instanceof Failure) {
    return (
      <Bare>
        <Heading>Speck is out of reach</Heading>
        <Trouble failure={who} retry={ask} />
      </Bare>
    );
  }
  if (sharing) return <Shared session={who === 'nobody' ? null : who} opened={set} />;
  if (who === 'nobody') {
    return (
      <Bare>
        <SignIn done={ask} />
      </Bare>
    );
  }
  return <Signed session={who} left={() => set('nobody')} />;
}

/** The frame of those who cannot go anywhere from here. */
function Bare({ wide = false, children }: { readonly wide?: boolean; readonly children: ComponentChildren }) {
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
  readonly opened: (session: Session) => void;
}

/** What somebody sees who was given a link. */
function Shared({ session, opened }: SharedProps) {
  const subject = session && sharedSubject(session);
  // A session may be that of another link, which was opened before.
  const [open, setOpen] = useState(subject !== null && isOpenLink(subject.id));
  if (!open || !subject) {
    return (
      <Bare>
        <OpenLink
          opened={(made) => {
            opened(made);
            setOpen(true);
          }}
        />
      </Bare>
    );
  }
  return (
    <Bare wide>
      <Stats subject={subject} />
    </Bare>
  );
}

const VIEWS = [
  { name: '', label: 'Statistics' },
  { name: 'live', label: 'Live' },
  { name: 'refusals', label: 'Refusals' },
  { name: 'install', label: 'Install', changes: true },
  { name: 'settings', label: 'Settings', changes: true },
] as const;

function Signed({ session, left }: { readonly session: Session; readonly left: () => void }) {
  const { path } = usePlace();
  const [, first = '', second = ''] = path.split('/');
  const [version, setVersion] = useState(0);
  const pixels = useGet<{ pixels: Pixel[] }>(`/api/v1/pixels?${version}`);
  // What changed is asked for anew.
  const changed = (): void => setVersion((before) => before + 1);
  const pixel = pixels.data?.pixels.find(({ id }) => id === first);
  const mayChange = session.scopes.includes('pixels:write');

  const signOut = async (): Promise<void> => {
    await call('DELETE', '/api/v1/session');
    left();
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
          <AddPixel changed={changed} />
        ) : first === '' ? (
          <Home
            pixels={pixels}
            mayAdd={mayChange && session.pixel === null}
            mayChange={mayChange}
            changed={changed}
          />
        ) : pixel ? (
          <PixelView
            key={`${pixel.id} ${second}`}
            pixel={pixel}
            view={second}
            mayChange={mayChange}
            changed={changed}
          />
        ) : pixels.pending ? (
          <Loading />
        ) : (
          <Show asked={pixels}>
            {() => (
              <>
                <Heading>Nothing here</Heading>
                <Empty title="There is no such page">
                  <Link class="target" href="/app/">
                    To all pixels
                  </Link>
                </Empty>
              </>
            )}
          </Show>
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
  readonly pixels: Asked<{ pixels: Pixel[] }>;
  readonly mayAdd: boolean;
  readonly mayChange: boolean;
  readonly changed: () => void;
}

function Home({ pixels, mayAdd, mayChange, changed }: HomeProps) {
  return (
    <Show asked={pixels}>
      {({ pixels: all }) =>
        all.length > 0 ? (
          <Overview pixels={all} mayAdd={mayAdd} mayChange={mayChange} />
        ) : mayAdd ? (
          <AddPixel changed={changed} />
        ) : (
          <>
            <Heading>No pixel yet</Heading>
            <Empty title="There is nothing to see">
              This token may not add a pixel. Ask who gave it to you.
            </Empty>
          </>
        )
      }
    </Show>
  );
}

interface PixelViewProps {
  readonly pixel: Pixel;
  readonly view: string;
  readonly mayChange: boolean;
  readonly changed: () => void;
}

function PixelView({ pixel, view, mayChange, changed }: PixelViewProps) {
  if (view === 'live') return <Live pixel={pixel} />;
  if (view === 'refusals') return <Refusals pixel={pixel} />;
  if (view === 'install') return <Install pixel={pixel} />;
  if (view === 'settings') return <PixelSettings pixel={pixel} changed={changed} />;
  return <Stats subject={subjectOf(pixel, mayChange)} />;
}
