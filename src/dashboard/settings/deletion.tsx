import { useState } from 'preact/hooks';
import { call } from '../api.ts';
import { Form, Input, useSending } from '../forms.tsx';
import { go } from '../hooks.ts';
import type { SettingsProps } from './save.ts';

export function Deletion({ pixel, changed }: SettingsProps) {
  const [typed, type] = useState('');
  const sending = useSending();
  const remove = async (): Promise<undefined> => {
    await call('DELETE', `/api/v1/pixels/${pixel.id}`);
    changed();
    go('/app/');
  };
  return (
    <Form
      kind="block"
      sending={sending}
      submit={remove}
      button="Delete for good"
      unready={typed.trim() !== pixel.name.trim()}
      danger
    >
      <h2>Delete the pixel</h2>
      <p>
        With all its events, statistics, tokens and shared links. It cannot be undone; events exported before
        can be imported into a new pixel.
      </p>
      <Input label={`Type its name to confirm: ${pixel.name}`} autocomplete="off" value={typed} set={type} />
    </Form>
  );
}
