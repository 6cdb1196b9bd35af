/** A shared link in the list, with what can be done with it. */
import { useState } from 'preact/hooks';
import { call } from '../api.ts';
import { Confirm, Field, Form, useSubmission } from '../forms.tsx';
import { ErrorMessage, Snippet, Text } from '../ui.tsx';
import { dayOf, endOf, LastDay, linkText, type SharedLink } from './shared-link.tsx';

interface Props {
  readonly link: SharedLink;
  /** The pixel's name. */
  readonly site: string;
  /** The link's address in the API. */
  readonly path: string;
  /** Called after a change, to load the links again. */
  readonly onChange: () => void;
}

export function LinkItem({ link, site, path, onChange }: Props) {
  const [isOpen, open] = useState(false);
  const submission = useSubmission();
  const revoke = async (): Promise<undefined> => {
    await call('DELETE', path);
    onChange();
  };
  return (
    <li>
      <span class="grow">
        <b>
          <Text>{link.name}</Text>
        </b>
        <span class="muted">{linkText(link)}</span>
      </span>
      <button type="button" class="quiet" aria-expanded={isOpen} onClick={() => open(!isOpen)}>
        {isOpen ? 'Close' : 'Edit'} <span class="hidden">{link.name}</span>
      </button>
      <Confirm label="Revoke" confirm="Revoke the link" act={() => void submission.send(revoke)} />
      {submission.failure && <ErrorMessage failure={submission.failure} />}
      {isOpen && <Editor link={link} path={path} onChange={onChange} />}
      {isOpen && link.public_url !== null && <PublicPage link={link} site={site} url={link.public_url} />}
    </li>
  );
}

/** The sites of a text with one on each line. */
const sitesIn = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

function Editor({ link, path, onChange }: Omit<Props, 'site'>) {
  const [until, setUntil] = useState(dayOf(link.expires_at));
  const [isPublic, setPublic] = useState(link.public);
  const [sites, setSites] = useState(link.embed_origins.join('\n'));
  const submission = useSubmission();
  const save = async (): Promise<string> => {
    const saved = await call<SharedLink>('PATCH', path, {
      // Sent only if it has changed, since an expired link could not be saved otherwise.
      ...(until === dayOf(link.expires_at) ? {} : { expires_at: endOf(until) }),
      public: isPublic,
      embed_origins: sitesIn(sites),
    });
    setSites(saved.embed_origins.join('\n'));
    onChange();
    return 'Saved.';
  };
  return (
    <Form kind="block" submission={submission} submit={save} button="Save">
      <LastDay value={until} set={setUntil} />
      <div class="field">
        <label class="check-box">
          <input
            type="checkbox"
            checked={isPublic}
            disabled={link.has_password}
            onChange={(event) => setPublic(event.currentTarget.checked)}
          />
          Public page
        </label>
        <small class="muted">
          {link.has_password
            ? 'A link with a password cannot be public.'
            : link.public && !isPublic
              ? 'Its address, frames and badges will stop working for good.'
              : 'Anyone can open it without a secret, and filter the statistics as you can.'}
        </small>
      </div>
      {isPublic && (
        <Field
          label="Sites that may embed the page"
          hint="One per line, e.g. https://www.example.com or https://*.example.com. Empty: none."
        >
          {(props) => (
            <textarea
              {...props}
              rows={2}
              value={sites}
              onInput={(event) => setSites(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
    </Form>
  );
}

const attribute = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

interface PublicPageProps {
  readonly link: SharedLink;
  readonly site: string;
  readonly url: string;
}

/** The addresses of a public page, to copy. */
function PublicPage({ link, site, url }: PublicPageProps) {
  const badge = link.badge_url ?? '';
  const frame = `<iframe src="${url}?embed=1" title="${attribute(`Statistics of ${site}`)}"
  style="width: 100%; height: 900px; border: 0" loading="lazy"></iframe>`;
  return (
    <div class="published">
      <Snippet title="Public page" text={url}>
        <a href={url} target="_blank" rel="noopener">
          Open the page
        </a>
      </Snippet>
      {link.embed_origins.length > 0 && (
        <Snippet title="Embed" text={frame}>
          For the sites above. Add <code>&amp;theme=light</code> or <code>&amp;theme=dark</code> to the
          address to choose the colors.
        </Snippet>
      )}
      <Snippet title="Badge" text={`[![Visitors](${badge})](${url})`}>
        <img src={badge} height={20} alt="The badge" />
      </Snippet>
    </div>
  );
}
