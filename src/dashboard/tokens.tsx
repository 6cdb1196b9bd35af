/** Keys for servers and colleagues. */
import { useState } from 'preact/hooks';
import { call, type Pixel } from './api.ts';
import { date } from './format.ts';
import { useGet } from './hooks.ts';
import { Empty, Field, Heading, Show, Snippet, Sure, Text, Trouble, useSending } from './ui.tsx';

interface Token {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly pixel: string | null;
  readonly created_at: string;
}

const SCOPES: Readonly<Record<string, string>> = {
  'stats:read': 'Read statistics',
  'events:write': 'Send events',
  'pixels:write': 'Add, change and delete pixels',
};

export default function Tokens({ pixels }: { readonly pixels: readonly Pixel[] }) {
  const [version, setVersion] = useState(0);
  const asked = useGet<{ tokens: Token[] }>(`/api/v1/tokens?${version}`);
  const changed = (): void => setVersion((before) => before + 1);
  const { failure, send } = useSending();
  return (
    <>
      <Heading>Tokens</Heading>
      <p class="muted">
        Keys to the API and to this dashboard. Whoever signed in with one is out when it is deleted.
      </p>
      <Show asked={asked}>
        {({ tokens }) =>
          tokens.length === 0 ? (
            <Empty title="No token yet">
              There is <code>ADMIN_TOKEN</code>, which may do everything.
            </Empty>
          ) : (
            <ul class="things alone">
              {tokens.map(({ id, name, scopes, pixel, created_at }) => (
                <li key={id}>
                  <span class="grow">
                    <b>
                      <Text>{name}</Text>
                    </b>
                    <span class="muted">
                      {scopes.map((scope) => SCOPES[scope] ?? scope).join(', ')} ·{' '}
                      <bdi>
                        {pixel === null
                          ? 'all pixels'
                          : (pixels.find((one) => one.id === pixel)?.name ?? pixel)}
                      </bdi>{' '}
                      · since {date(created_at)}
                    </span>
                  </span>
                  <Sure
                    label="Delete"
                    sure="Delete the token"
                    act={() => void send(() => call('DELETE', `/api/v1/tokens/${id}`).then(changed))}
                  />
                </li>
              ))}
            </ul>
          )
        }
      </Show>
      {failure && <Trouble failure={failure} />}
      <NewToken pixels={pixels} changed={changed} />
    </>
  );
}

function NewToken({ pixels, changed }: { readonly pixels: readonly Pixel[]; readonly changed: () => void }) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly string[]>(['stats:read']);
  const [pixel, setPixel] = useState('');
  const [made, setMade] = useState('');
  const { busy, failure, send } = useSending();
  return (
    <form
      class="block"
      onSubmit={(event) => {
        event.preventDefault();
        void send(async () => {
          const { token } = await call<{ token: string }>('POST', '/api/v1/tokens', {
            name,
            scopes,
            pixel: pixel === '' ? null : pixel,
          });
          setMade(token);
          setName('');
          changed();
        });
      }}
    >
      <h2>New token</h2>
      <Field label="Name">
        {(props) => (
          <input
            {...props}
            required
            maxLength={120}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      <fieldset>
        <legend>May</legend>
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
      <Field label="Of">
        {(props) => (
          <select {...props} value={pixel} onChange={(event) => setPixel(event.currentTarget.value)}>
            <option value="">All pixels</option>
            {pixels.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
        )}
      </Field>
      {failure && <Trouble failure={failure} />}
      <button type="submit" disabled={busy || scopes.length === 0}>
        Make the token
      </button>
      {made !== '' && (
        <Snippet title="Your token" text={made}>
          It is shown this once.
        </Snippet>
      )}
    </form>
  );
}
