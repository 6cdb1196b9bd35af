import { useState } from 'preact/hooks';
import { Form, Input, useSubmission } from '../forms.tsx';
import { ZoneField } from '../zone-field.tsx';
import { type SettingsProps, save } from './save.ts';

/** The pixel's name, URL and time zone. */
export function General(props: SettingsProps) {
  const { pixel } = props;
  const [name, setName] = useState(pixel.name);
  const [url, setUrl] = useState(pixel.url);
  const [timezone, setZone] = useState(pixel.timezone);
  const submission = useSubmission();
  const hasNewZone = timezone !== pixel.timezone;
  return (
    <Form
      kind="block"
      submission={submission}
      submit={() => save(props, { name, url, ...(hasNewZone ? { timezone } : {}) })}
      button="Save"
    >
      <h2>The pixel</h2>
      <p class="muted">
        <code>{pixel.id}</code>
      </p>
      <Input label="Name" required maxLength={120} value={name} set={setName} />
      <Input label="URL" inputmode="url" required value={url} set={setUrl} />
      <ZoneField value={timezone} set={setZone} />
      {hasNewZone && (
        <p class="muted">Days that still have raw events are computed again in the new time zone.</p>
      )}
    </Form>
  );
}
