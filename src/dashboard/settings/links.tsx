/** Links that show a pixel's statistics to whoever has them. */
import { useState } from 'preact/hooks';
import { call, type Pixel } from '../api.ts';
import { date } from '../format.ts';
import { Form, Input, useSending } from '../forms.tsx';
import { useGet } from '../hooks.ts';
import { ItemList } from '../item-list.tsx';
import { Empty, Show, Snippet } from '../ui.tsx';
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
    has_password ? 'asks for a password' : '',
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
  const asked = useGet<{ links: SharedLink[] }>(`${path}?${version}`);
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [until, setUntil] = useState('');
  const [made, setMade] = useState('');
  const sending = useSending();
  const changed = (): void => setVersion((before) => before + 1);
  const make = async (): Promise<undefined> => {
    const { url } = await call<{ url: string }>('POST', path, {
      name,
      ...(password === '' ? {} : { password }),
      // To the end of that day, where the owner is.
      ...(until === '' ? {} : { expires_at: new Date(`${until}T23:59:59`).toISOString() }),
    });
    setMade(url);
    setName('');
    setPassword('');
    setUntil('');
    changed();
  };
  const takeBack = async (id: string): Promise<undefined> => {
    await call('DELETE', `${path}/${id}`);
    changed();
  };
  return (
    <Form kind="block" sending={sending} submit={make} button="Make the link">
      <h2>Shared links</h2>
      <p class="muted">
        Whoever has one sees the statistics of this pixel, and nothing else: no single events, no settings.
      </p>
      <Show asked={asked}>
        {({ links }) => (
          <ItemList
            items={links}
            keyOf={({ id }) => id}
            nameOf={(link) => link.name}
            describe={(link) => <span class="muted">{linkText(link)}</span>}
            removeLabel="Take back"
            confirmLabel={() => 'Take the link back'}
            remove={({ id }) => void sending.send(() => takeBack(id))}
            empty={<Empty title="No link yet">Say who one is for, and make it.</Empty>}
          />
        )}
      </Show>
      {made !== '' && (
        <Snippet title="The link" text={made}>
          It is shown this once.
        </Snippet>
      )}
      <div class="row fill">
        <Input label="Who it is for" required maxLength={120} value={name} set={setName} />
        <Input
          label="Password"
          hint="Empty: none"
          type="password"
          minLength={8}
          autocomplete="new-password"
          value={password}
          set={setPassword}
        />
        <Input
          label="Last day"
          hint="To its end, where you are. Empty: until taken back"
          type="date"
          min={addDays(todayIn(pixel.timezone), -1)}
          value={until}
          set={setUntil}
        />
      </div>
    </Form>
  );
}
