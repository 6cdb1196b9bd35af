/** A new pixel: a name, a URL, and the zone whose midnights bound its days. */
import { useState } from 'preact/hooks';
import { call, type Pixel } from './api.ts';
import { Form, Input, useSending } from './forms.tsx';
import { go } from './hooks.ts';
import { Heading } from './ui.tsx';
import { ZoneField } from './zone-field.tsx';

export default function AddPixel({ changed }: { readonly changed: () => void }) {
  const [name, setName] = useState('');
  const [url, setUrl] = useState('https://');
  const [timezone, setZone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const sending = useSending();
  const add = async (): Promise<undefined> => {
    const { id } = await call<Pixel>('POST', '/api/v1/pixels', { name, url, timezone });
    changed();
    go(`/app/${id}/install`);
  };
  return (
    <Form kind="narrow" sending={sending} submit={add} button="Add the pixel">
      <Heading>Add a pixel</Heading>
      <p class="muted">One for each site, app or brand that you want to see by itself.</p>
      <Input label="Name" required maxLength={120} value={name} set={setName} />
      <Input
        label="URL"
        hint="Where it is: https://example.com"
        type="url"
        required
        value={url}
        set={setUrl}
      />
      <ZoneField value={timezone} set={setZone} />
    </Form>
  );
}
