/** Links that show a pixel's statistics without an account. */
import { useState } from 'preact/hooks';
import { call, type Pixel } from '../api.ts';
import { date } from '../format.ts';
import { Form, Input, useSubmission } from '../forms.tsx';
import { useGet } from '../hooks.ts';
import { ItemList } from '../item-list.tsx';
import { Empty, ResourceView, Snippet } from '../ui.tsx';
import { addDays, todayIn } from '../view.ts';

interface SharedLink {
  readonly id: string;
  readonly name: string;
  readonly has_password: boolean;
  readonly expires_at: string | null;
  readonly created_at: string;
}

function linkText({ created_at, has_password, expires_at }: SharedLink): string {
  return [
    `since ${date(created_at)}`,
    has_password ? 'with a password' : '',
    expires_at === null
      ? ''
      : `${Date.parse(expires_at) < Date.now() ? 'expired' : 'until'} ${date(expires_at)}`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

export function SharedLinks({ pixel }: { readonly pixel: Pixel }) {
  const [version, setVersion] = useState(0);
  const path = `/api/v1/pixels/${pixel.id}/links`;
  const resource = useGet<{ links: SharedLink[] }>(`${path}?${version}`);
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [until, setUntil] = useState('');
  const [newUrl, setNewUrl] = useState('');
  const submission = useSubmission();
  const reload = (): void => setVersion((before) => before + 1);
  const create = async (): Promise<undefined> => {
    const { url } = await call<{ url: string }>('POST', path, {
      name,
      ...(password === '' ? {} : { password }),
      // The end of that day in the owner's time zone.
      ...(until === '' ? {} : { expires_at: new Date(`${until}T23:59:59`).toISOString() }),
    });
    setNewUrl(url);
    setName('');
    setPassword('');
    setUntil('');
    reload();
  };
  const revoke = async (id: string): Promise<undefined> => {
    await call('DELETE', `${path}/${id}`);
    reload();
  };
  return (
    <Form kind="block" submission={submission} submit={create} button="Create the link">
      <h2>Shared links</h2>
      <p class="muted">
        Anyone with a link can see the statistics of this pixel, but no single events and no settings.
      </p>
      <ResourceView resource={resource}>
        {({ links }) => (
          <ItemList
            items={links}
            keyOf={({ id }) => id}
            nameOf={(link) => link.name}
            describe={(link) => <span class="muted">{linkText(link)}</span>}
            removeLabel="Revoke"
            confirmLabel={() => 'Revoke the link'}
            remove={({ id }) => void submission.send(() => revoke(id))}
            empty={<Empty title="No link yet">Enter who it is for, and create it.</Empty>}
          />
        )}
      </ResourceView>
      {newUrl !== '' && (
        <Snippet title="The link" text={newUrl}>
          It is shown only once.
        </Snippet>
      )}
      <div class="row fill">
        <Input label="Who it is for" required maxLength={120} value={name} set={setName} />
        <Input
          label="Password"
          hint="Leave empty for none"
          type="password"
          minLength={8}
          autocomplete="new-password"
          value={password}
          set={setPassword}
        />
        <Input
          label="Last day"
          hint="Valid until the end of this day where you are. Leave empty for no limit."
          type="date"
          min={addDays(todayIn(pixel.timezone), -1)}
          value={until}
          set={setUntil}
        />
      </div>
    </Form>
  );
}
