/** The pages of an owner or a colleague: the navigation, and the view that the address names. */
import { useEffect, useState } from 'preact/hooks';
import { clearCache, type Failure, failureOf, type Pixel, request, type Session } from './api.ts';
import { go, leave, type Resource, useGet, useLocation } from './hooks.ts';
import { lazy } from './lazy.tsx';
import type { Lack } from './no-view.tsx';
import { Stats } from './stats.tsx';
import { subjectOf } from './subject.ts';
import { tellOtherTabs, wasSignedIn } from './tabs.ts';
import { ThemeButton } from './theme.tsx';
import { Link, Loading, ResourceView } from './ui.tsx';
import { commonPart, parseView, searchOf } from './view.ts';

const Overview = lazy(() => import('./overview.tsx'));
const AddPixel = lazy(() => import('./add-pixel.tsx'));
const Conversions = lazy(() => import('./conversions.tsx'));
const Import = lazy(() => import('./import.tsx'));
const Install = lazy(() => import('./install.tsx'));
const Live = lazy(() => import('./live.tsx'));
const NoView = lazy(() => import('./no-view.tsx'));
const Rejections = lazy(() => import('./rejections.tsx'));
const PixelSettings = lazy(() => import('./settings.tsx'));
const Tokens = lazy(() => import('./tokens.tsx'));

const CONVERSIONS = 'conversions';

/** `more`: the part of the label that a phone has no room for. */
const VIEWS = [
  { name: '', label: 'Statistics', needs: 'stats:read' },
  { name: 'live', label: 'Live', needs: 'stats:read' },
  { name: CONVERSIONS, label: 'Conversions', needs: 'pixels:write' },
  { name: 'rejections', label: 'Rejected', more: ' events', needs: 'stats:read' },
  { name: 'install', label: 'Install', needs: 'pixels:write' },
  { name: 'import', label: 'Import', needs: 'pixels:write' },
  { name: 'settings', label: 'Settings', needs: 'pixels:write' },
] as const;

/** What a session lacks for a view of a pixel; null if it may see it. */
function lackOf(
  scopes: Session['scopes'],
  pixel: Pixel,
  { name, needs }: (typeof VIEWS)[number],
): Lack | null {
  // With small-group protection, only who may change the pixel sees single events.
  const scope = name === 'live' && pixel.settings.min_group > 1 ? 'pixels:write' : needs;
  return scopes.includes(scope) ? null : scope;
}

/** A view's name in an address. Bookmarks may have a former name. */
const currentName = (name: string): string => (name === 'refusals' ? 'rejections' : name);

export function OwnerPages({
  session,
  onSignOut,
}: {
  readonly session: Session;
  readonly onSignOut: () => void;
}) {
  const { path, search } = useLocation();
  const [, first = '', second = '', ...rest] = path.split('/').map(currentName);
  // What only one view has in its address stays there.
  const kept = searchOf(parseView(search));
  const [version, setVersion] = useState(0);
  const pixels = useGet<{ pixels: Pixel[] }>(`/api/v1/pixels?${version}`);
  const reload = (): void => setVersion((before) => before + 1);
  // The settings know a pixel that they have changed before the list does.
  const [changed, setChanged] = useState<Pixel | null>(null);
  const isListCurrent = !pixels.pending;
  useEffect(() => {
    // Another change may have been made since this was drawn. The list does not have that one yet.
    if (isListCurrent) setChanged((latest) => (latest === changed ? null : latest));
  }, [isListCurrent, pixels.data]);
  const listed = pixels.data?.pixels.find(({ id }) => id === first);
  const pixel = !isListCurrent && changed?.id === first ? changed : listed;
  const { scopes } = session;
  const mayChange = scopes.includes('pixels:write');
  const mayAdd = mayChange && session.pixel === null;
  const view = VIEWS.find(({ name }) => name === second);
  // Conversions has addresses of its own.
  const isUnknown =
    (rest.join('') !== '' && (!pixel || second !== CONVERSIONS)) || (pixel ? !view : second !== '');

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
              {VIEWS.filter((one) => lackOf(scopes, pixel, one) === null).map(({ name, label, ...rest }) => (
                <Link
                  key={name}
                  href={`/app/${pixel.id}${name && `/${name}`}${kept}`}
                  aria-current={second === name ? 'page' : undefined}
                >
                  {label}
                  {'more' in rest && <span class="more">{rest.more}</span>}
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
          <button type="button" class="quiet" onClick={() => leave(() => void signOut())}>
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
        {first === 'tokens' && !isUnknown ? (
          session.kind === 'admin' ? (
            <Tokens pixels={pixels.data?.pixels ?? []} />
          ) : (
            <NoView lacks="admin" />
          )
        ) : first === 'new' && !isUnknown ? (
          mayAdd ? (
            <AddPixel onAdd={reload} />
          ) : (
            <NoView lacks={mayChange ? 'all pixels' : 'pixels:write'} />
          )
        ) : first === '' ? (
          <Home pixels={pixels} scopes={scopes} mayAdd={mayAdd} onChange={reload} />
        ) : pixel && view && !isUnknown ? (
          <PixelView
            key={`${pixel.id} ${second}`}
            pixel={pixel}
            view={second}
            parts={rest}
            lacks={lackOf(scopes, pixel, view)}
            mayChange={mayChange}
            mayAdd={mayAdd}
            onChange={(next) => {
              setChanged(next);
              reload();
            }}
            onDelete={reload}
          />
        ) : pixels.pending ? (
          <Loading />
        ) : (
          <ResourceView resource={pixels}>{() => <NoView lacks={null} />}</ResourceView>
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
          // The reader may decide to stay.
          event.currentTarget.value = at;
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
  readonly scopes: Session['scopes'];
  readonly mayAdd: boolean;
  readonly onChange: () => void;
}

function Home({ pixels, scopes, mayAdd, onChange }: HomeProps) {
  const mayChange = scopes.includes('pixels:write');
  return (
    <ResourceView resource={pixels}>
      {({ pixels: all }) =>
        all.length === 0 && mayAdd ? (
          <AddPixel onAdd={onChange} />
        ) : all.length === 0 ? (
          <NoView lacks="pixels" />
        ) : scopes.includes('stats:read') ? (
          <Overview pixels={all} mayAdd={mayAdd} mayChange={mayChange} />
        ) : (
          <NoView lacks="stats:read" pixels={mayChange ? all : []} />
        )
      }
    </ResourceView>
  );
}

interface PixelViewProps {
  readonly pixel: Pixel;
  readonly view: string;
  /** The parts of the address after the view. */
  readonly parts: readonly string[];
  readonly lacks: Lack | null;
  readonly mayChange: boolean;
  readonly mayAdd: boolean;
  readonly onChange: (pixel: Pixel) => void;
  readonly onDelete: () => void;
}

function PixelView({ pixel, view, parts, lacks, mayChange, mayAdd, onChange, onDelete }: PixelViewProps) {
  if (lacks) return <NoView lacks={lacks} />;
  if (view === 'live') return <Live pixel={pixel} />;
  if (view === 'rejections') return <Rejections pixel={pixel} mayAdd={mayAdd} />;
  if (view === CONVERSIONS) return <Conversions pixel={pixel} parts={parts} />;
  if (view === 'install') return <Install pixel={pixel} mayAdd={mayAdd} />;
  if (view === 'import') return <Import pixel={pixel} />;
  if (view === 'settings') return <PixelSettings pixel={pixel} onChange={onChange} onDelete={onDelete} />;
  return <Stats subject={subjectOf(pixel, mayChange)} />;
}
