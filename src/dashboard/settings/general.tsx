import { useState } from 'preact/hooks';
import { Form, Input, useSending } from '../forms.tsx';
import { ZoneField } from '../zone-field.tsx';
import { type SettingsProps, save } from './save.ts';

/** What a pixel is called, where it is, and when its days begin. */
export function General(props: SettingsProps) {
  const { pixel } = props;
  const [name, setName] = useState(pixel.name);
  const [url, setUrl] = useState(pixel.url);
  const [timezone, setZone] = useState(pixel.timezone);
  const sending = useSending();
  const rezoned = timezone !== pixel.timezone;
  return (
    <Form
      kind="block"
      sending={sending}
      submit={() => save(props, { name, url, ...(rezoned ? { timezone } : {}) })}
      button="Save"
    >
      <h2>The pixel</h2>
      <p class="muted">
        <code>{pixel.id}</code>
      </p>
      <Input label="Name" required maxLength={120} value={name} set={setName} />
      <Input label="URL" type="url" required value={url} set={setUrl} />
      <ZoneField value={timezone} set={setZone} />
      {rezoned && <p class="muted">Days that still have raw events are cut anew by the new midnights.</p>}
    </Form>
  );
}
