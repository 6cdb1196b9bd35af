/** Keys for servers and colleagues. */
import { useState } from 'preact/hooks';
import { call, type Pixel } from './api.ts';
import { date } from './format.ts';
import { Choice, Form, Input, useSending } from './forms.tsx';
import { useGet } from './hooks.ts';
import { ItemList } from './item-list.tsx';
import { Empty, Heading, Show, Snippet, Trouble } from './ui.tsx';

interface Token {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly pixel: string | null;
  readonly created_at: string;
  /** Shared links made with it, which end with it. */
  readonly links: number;
}

const SCOPES: Readonly<Record<string, string>> = {
  'stats:read': 'Read statistics',
  'events:write': 'Send events',
  'pixels:write': 'Add, change and delete pixels',
};

interface Props {
  readonly pixels: readonly Pixel[];
}

export default function Tokens({ pixels }: Props) {
  const [version, setVersion] = useState(0);
  const changed = (): void => setVersion((before) => before + 1);
  return (
    <>
      <Heading>Tokens</Heading>
      <p class="muted">
        Keys to the API and to this dashboard. Whoever signed in with one is out when it is deleted.
      </p>
      <div class="columns">
        <TokenList pixels={pixels} version={version} changed={changed} />
        <NewToken pixels={pixels} changed={changed} />
      </div>
    </>
  );
}

interface ListProps extends Props {
  /** Another number whenever the list is to be asked for anew. */
  readonly version: number;
  readonly changed: () => void;
}

function TokenList({ pixels, version, changed }: ListProps) {
  const asked = useGet<{ tokens: Token[] }>(`/api/v1/tokens?${version}`);
  const { failure, send } = useSending();
  const remove = async (id: string): Promise<undefined> => {
    await call('DELETE', `/api/v1/tokens/${id}`);
    changed();
  };
  const nameOf = (id: string): string => pixels.find((one) => one.id === id)?.name ?? id;
  return (
    <section class="block">
      <h2>All tokens</h2>
      <Show asked={asked}>
        {({ tokens }) => (
          <ItemList
            items={tokens}
            keyOf={({ id }) => id}
            nameOf={({ name }) => name}
            describe={({ scopes, pixel, created_at }) => (
              <span class="muted">
                {scopes.map((scope) => SCOPES[scope] ?? scope).join(', ')} ·{' '}
                <bdi>{pixel === null ? 'all pixels' : nameOf(pixel)}</bdi> · since {date(created_at)}
              </span>
            )}
            removeLabel="Delete"
            confirmLabel={({ links }) =>
              links === 0 ? 'Delete the token' : `Delete it and its ${links} shared links`
            }
            remove={({ id }) => void send(() => remove(id))}
            empty={
              <Empty title="No token yet">
                There is <code>ADMIN_TOKEN</code>, which may do everything. Make one that may do less for each
                server and colleague.
              </Empty>
            }
          />
        )}
      </Show>
      {failure && <Trouble failure={failure} />}
    </section>
  );
}

function NewToken({ pixels, changed }: Omit<ListProps, 'version'>) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly string[]>(['stats:read']);
  const [pixel, setPixel] = useState('');
  const [made, setMade] = useState('');
  const sending = useSending();
  const make = async (): Promise<undefined> => {
    const body = { name, scopes, pixel: pixel === '' ? null : pixel };
    const { token } = await call<{ token: string }>('POST', '/api/v1/tokens', body);
    setMade(token);
    setName('');
    changed();
  };
  return (
    <Form kind="block" sending={sending} submit={make} button="Make the token" unready={scopes.length === 0}>
      <h2>New token</h2>
      {made !== '' && (
        <Snippet title="Your token" text={made}>
          It is shown this once.
        </Snippet>
      )}
      <Input label="Name" required maxLength={120} value={name} set={setName} />
      <fieldset>
        <legend>It may</legend>
        {Object.entries(SCOPES).map(([scope, label]) => (
          <label class="check-box" key={scope}>
            <input
              type="checkbox"
              checked={scopes.includes(scope)}
              onChange={(event) =>
                setScopes(
                  event.currentTarget.checked ? [...scopes, scope] : scopes.filter((one) => one !== scope),
                )
              }
            />{' '}
            {label}
          </label>
        ))}
      </fieldset>
      <Choice
        label="For"
        options={[['', 'All pixels'], ...pixels.map((one) => [one.id, one.name] as const)]}
        value={pixel}
        set={setPixel}
      />
    </Form>
  );
}
