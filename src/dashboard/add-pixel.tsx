/** A new pixel: a name, a URL, and the zone whose midnights bound its days. */
import { useState } from 'preact/hooks';
import { call, type Pixel } from './api.ts';
import { go } from './hooks.ts';
import { Field, Heading, Trouble, useSending } from './ui.tsx';
import { ZoneField } from './zone-field.tsx';

export default function AddPixel({ changed }: { readonly changed: () => void }) {
  const [name, setName] = useState('');
  const [url, setUrl] = useState('https://');
  const [timezone, setZone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const { busy, failure, send } = useSending();
  return (
    <form
      class="narrow"
      onSubmit={(event) => {
        event.preventDefault();
        void send(async () => {
          const { id } = await call<Pixel>('POST', '/api/v1/pixels', { name, url, timezone });
          changed();
          go(`/app/${id}/install`);
        });
      }}
    >
      <Heading>Add a pixel</Heading>
      <p class="muted">One for each site, app or brand that you want to see by itself.</p>
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
      <Field label="URL" hint="Where it is: https://example.com">
        {(props) => (
          <input
            {...props}
            type="url"
            required
            value={url}
            onInput={(event) => setUrl(event.currentTarget.value)}
          />
        )}
      </Field>
      <ZoneField value={timezone} set={setZone} />
      {failure && <Trouble failure={failure} />}
      <button type="submit" disabled={busy}>
        Add the pixel
      </button>
    </form>
  );
}
