/** Tokens for servers and colleagues. */
import { useState } from 'preact/hooks';
import { call, type Pixel } from './api.ts';
import { date } from './format.ts';
import { Choice, Form, Input, useSubmission } from './forms.tsx';
import { useGet } from './hooks.ts';
import { ItemList } from './item-list.tsx';
import { Empty, ErrorMessage, Heading, ResourceView, Snippet } from './ui.tsx';

interface Token {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly pixel: string | null;
  readonly created_at: string;
  /** The number of shared links created with it, which end with it. */
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
  const reload = (): void => setVersion((before) => before + 1);
  return (
    <>
      <Heading>Tokens</Heading>
      <p class="muted">
        A token signs in to this dashboard and gives access to the API. Deleting a token signs out everyone
        who used it.
      </p>
      <div class="columns">
        <TokenList pixels={pixels} version={version} onChange={reload} />
        <NewToken pixels={pixels} onChange={reload} />
      </div>
    </>
  );
}

interface ListProps extends Props {
  /** Increases when the list must be loaded again. */
  readonly version: number;
  readonly onChange: () => void;
}

function TokenList({ pixels, version, onChange }: ListProps) {
  const resource = useGet<{ tokens: Token[] }>(`/api/v1/tokens?${version}`);
  const { failure, send } = useSubmission();
  const remove = async (id: string): Promise<undefined> => {
    await call('DELETE', `/api/v1/tokens/${id}`);
    onChange();
  };
  const nameOf = (id: string): string => pixels.find((one) => one.id === id)?.name ?? id;
  return (
    <section class="block">
      <h2>All tokens</h2>
      <ResourceView resource={resource}>
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
              links === 0
                ? 'Delete token'
                : `Delete token and ${links} shared ${links === 1 ? 'link' : 'links'}`
            }
            remove={({ id }) => void send(() => remove(id))}
            empty={
              <Empty title="No tokens yet">
                Do not share <code>ADMIN_TOKEN</code>, which may do everything. Create a token for each
                colleague and each server, with only the permissions that they need.
              </Empty>
            }
          />
        )}
      </ResourceView>
      {failure && <ErrorMessage failure={failure} />}
    </section>
  );
}

function NewToken({ pixels, onChange }: Omit<ListProps, 'version'>) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly string[]>(['stats:read']);
  const [pixel, setPixel] = useState('');
  const [newToken, setNewToken] = useState('');
  const submission = useSubmission();
  const create = async (): Promise<undefined> => {
    const body = { name, scopes, pixel: pixel === '' ? null : pixel };
    const { token } = await call<{ token: string }>('POST', '/api/v1/tokens', body);
    setNewToken(token);
    setName('');
    onChange();
  };
  return (
    <Form
      kind="block"
      submission={submission}
      submit={create}
      button="Create token"
      disabled={scopes.length === 0}
    >
      <h2>New token</h2>
      {newToken !== '' && (
        <Snippet title="Your token" text={newToken}>
          Copy it now. It won't be shown again.
        </Snippet>
      )}
      <Input
        label="Name"
        hint="Who or what uses it, such as a colleague or a server."
        required
        maxLength={120}
        value={name}
        set={setName}
      />
      <fieldset>
        <legend>Permissions</legend>
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
        label="Pixels"
        options={[['', 'All pixels'], ...pixels.map((one) => [one.id, one.name] as const)]}
        value={pixel}
        set={setPixel}
      />
    </Form>
  );
}
