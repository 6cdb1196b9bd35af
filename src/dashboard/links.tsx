/** Links that show a pixel's statistics to whoever has them. */
import { useState } from 'preact/hooks';
import { call, type Pixel } from './api.ts';
import { date } from './format.ts';
import { useGet } from './hooks.ts';
import { Empty, Field, Show, Snippet, Sure, Text, Trouble, useSending } from './ui.tsx';
import { addDays, todayIn } from './view.ts';

interface SharedLink {
  readonly id: string;
  readonly name: string;
  readonly has_password: boolean;
  readonly expires_at: string | null;
  readonly created_at: string;
}

export function SharedLinks({ pixel }: { readonly pixel: Pixel }) {
  const [version, setVersion] = useState(0);
  const path = `/api/v1/pixels/${pixel.id}/links`;
  const asked = useGet<{ links: SharedLink[] }>(`${path}?${version}`);
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [until, setUntil] = useState('');
  const [made, setMade] = useState('');
  const { busy, failure, send } = useSending();
  const changed = (): void => setVersion((before) => before + 1);
  return (
    <form
      class="block"
      onSubmit={(event) => {
        event.preventDefault();
        void send(async () => {
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
        });
      }}
    >
      <h2>Shared links</h2>
      <p class="muted">
        Whoever has one sees the statistics of this pixel, and nothing else: no single events, no settings.
      </p>
      <Show asked={asked}>
        {({ links }) =>
          links.length === 0 ? (
            <Empty title="No link yet" />
          ) : (
            <ul class="things">
              {links.map((link) => (
                <li key={link.id}>
                  <span class="grow">
                    <b>
                      <Text>{link.name}</Text>
                    </b>
                    <span class="muted">
                      since {date(link.created_at)}
                      {link.has_password && ' · asks for a password'}
                      {link.expires_at !== null &&
                        ` · ${Date.parse(link.expires_at) < Date.now() ? 'expired' : 'until'} ${date(link.expires_at)}`}
                    </span>
                  </span>
                  <Sure
                    label="Take back"
                    sure="Take the link back"
                    act={() => void send(() => call('DELETE', `${path}/${link.id}`).then(changed))}
                  />
                </li>
              ))}
            </ul>
          )
        }
      </Show>
      <div class="row fill">
        <Field label="Who it is for">
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
        <Field label="Password" hint="Empty: none">
          {(props) => (
            <input
              {...props}
              type="password"
              minLength={8}
              autocomplete="new-password"
              value={password}
              onInput={(event) => setPassword(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="Last day" hint="Empty: until taken back">
          {(props) => (
            <input
              {...props}
              type="date"
              min={addDays(todayIn(pixel.timezone), -1)}
              value={until}
              onInput={(event) => setUntil(event.currentTarget.value)}
            />
          )}
        </Field>
      </div>
      {failure && <Trouble failure={failure} />}
      <button type="submit" disabled={busy}>
        Make the link
      </button>
      {made !== '' && (
        <Snippet title="The link" text={made}>
          It is shown this once.
        </Snippet>
      )}
    </form>
  );
}
