/** Shows visitors who is responsible for the pixels. */
import { isUnnamed, type Owner } from '../model/owner.ts';
import { listOwners, MAX_OWNERS, readOwner } from '../store/owners.ts';
import { fill, type Html, html } from './html.ts';
import type { Reader } from './reader.ts';
import type { Texts } from './texts/texts.ts';

/**
 * The owner of a pixel, or without an id the owners of all pixels, of whom one may be unnamed; null if the database does not answer.
 */
export async function readOwners(db: D1Database, id: string | null): Promise<readonly Owner[] | null> {
  try {
    const owner = id === null ? null : await readOwner(db, id);
    return owner ? [owner] : await listOwners(db, Date.now());
  } catch (error) {
    // A visitor can opt out without the database.
    if (!(error instanceof Error && error.message.startsWith('D1_'))) throw error;
    console.error('the owners could not be read', error);
    return null;
  }
}

/** The part of a page that says who is responsible. */
export function ownersSection(owners: readonly Owner[] | null, { texts: { owner: texts } }: Reader): Html {
  return html`<section class="owner"><h2>${fill(texts.title)}</h2>
${owners === null ? html`<p>${fill(texts.unavailable)}</p>` : listOf(owners, texts)}</section>`;
}

function listOf(owners: readonly Owner[], texts: Texts['owner']): Html {
  const named = owners.slice(0, MAX_OWNERS).filter((owner) => !isUnnamed(owner));
  const [first] = named;
  if (!first) return html`<p>${fill(texts.none)}</p>`;
  if (owners.length === 1) return html`<p>${fill(texts.one)}</p><p>${ownerLine(first, texts)}</p>`;
  const rest = [
    owners.some(isUnnamed) ? texts.unnamed : '',
    owners.length > MAX_OWNERS ? texts.more : '',
  ].filter((text) => text !== '');
  return html`<p>${fill(texts.several)}</p>
<ul>${named.map((owner) => html`<li>${ownerLine(owner, texts)}</li>`)}</ul>
${rest.map((text) => html`<p>${fill(text)}</p>`)}`;
}

/** The owner of one website among those of others. */
export function siteOwner(owner: Owner, { texts: { owner: texts } }: Reader): Html {
  return html`<p class="soft">${isUnnamed(owner) ? fill(texts.siteNone) : ownerLine(owner, texts)}</p>`;
}

function ownerLine({ owner_name, owner_contact, owner_policy }: Owner, texts: Texts['owner']): Html {
  const parts = [
    owner_name === '' ? null : html`<b><bdi>${owner_name}</bdi></b>`,
    owner_contact === '' ? null : contactLink(owner_contact, texts),
    owner_policy === '' ? null : link(owner_policy, fill(texts.policy)),
  ].filter((part) => part !== null);
  return html`${parts.map((part, index) => (index === 0 ? part : html` · ${part}`))}`;
}

function contactLink(contact: string, texts: Texts['owner']): Html {
  const isUrl = /^https?:/i.test(contact);
  return isUrl ? link(contact, fill(texts.contact)) : link(`mailto:${contact}`, html`<bdi>${contact}</bdi>`);
}

/** The API has checked that an owner's URL is one of the web. It is checked again here, since other writers may not. */
function link(url: string, text: Html): Html {
  const isSafe = /^(?:https?|mailto):/i.test(url);
  return isSafe ? html`<a href="${url}" rel="noreferrer">${text}</a>` : html``;
}
