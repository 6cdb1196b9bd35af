/** The form for a new pixel. */
import { useState } from 'preact/hooks';
import { call, type Pixel } from './api.ts';
import { Form, Input, useSubmission } from './forms.tsx';
import { go } from './hooks.ts';
import { Heading } from './ui.tsx';
import { ZoneField } from './zone-field.tsx';

export default function AddPixel({ onAdd }: { readonly onAdd: () => void }) {
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const [timezone, setZone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const submission = useSubmission();
  const add = async (): Promise<undefined> => {
    const { id } = await call<Pixel>('POST', '/api/v1/pixels', { name, url, timezone });
    onAdd();
    go(`/app/${id}/install`);
  };
  return (
    <Form kind="narrow" submission={submission} submit={add} button="Add the pixel">
      <Heading>Add a pixel</Heading>
      <p class="muted">One pixel counts one site.</p>
      <Input label="Name" required maxLength={120} value={name} set={setName} />
      <Input
        label="URL"
        hint="The address of the site, such as example.com"
        inputmode="url"
        autocomplete="url"
        required
        value={url}
        set={setUrl}
      />
      <ZoneField value={timezone} set={setZone} />
    </Form>
  );
}
