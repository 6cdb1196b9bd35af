/** Settings in a real Chromium: nothing typed is lost, goals and funnels change in place, and tokens see what they may do. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, type Speck, startSpeck } from '../e2e/harness.ts';
import { overflow, violations } from './axe.ts';
import { launchChromium } from './chromium.ts';
import { openPage, settles, signIn, type Watched } from './dashboard.ts';

interface Named {
  readonly name: string;
  readonly [field: string]: unknown;
}
interface Settings {
  readonly goals: readonly Named[];
  readonly funnels: readonly (Named & { readonly steps: readonly string[] })[];
  readonly retention_days: number;
}
interface PixelJson extends Named {
  readonly url: string;
  readonly settings: Settings;
}

const GOALS = ['Visited', 'Signed up', 'Paid'].map((name) => ({ name, event: name }));
const FUNNELS = [
  { name: 'To paid', steps: ['Visited', 'Signed up', 'Paid'], within: 'visit' },
  { name: 'To sign-up', steps: ['Visited', 'Signed up'], within: { hours: 24 } },
];

let speck: Speck;
let browser: Browser;
let watched: Watched;
let page: Page;
let pixel: string;

beforeAll(async () => {
  speck = await startSpeck();
  browser = await launchChromium();
  watched = await openPage(browser, speck);
  page = watched.page;
  pixel = await speck.addPixel({ name: 'Teas' });
  await signIn(page, speck);
});
afterAll(async () => {
  await browser?.close();
  await speck?.close();
});

const address = (view = 'settings'): string => `${speck.url}/app/${pixel}${view && `/${view}`}`;
const change = (body: object): Promise<Response> => speck.api('PATCH', `/api/v1/pixels/${pixel}`, body);
const read = async (): Promise<PixelJson> =>
  (await (await speck.api('GET', `/api/v1/pixels/${pixel}`)).json()) as PixelJson;
const namesOf = (items: readonly Named[]): string[] => items.map(({ name }) => name);

async function reset(): Promise<void> {
  await change({ name: 'Teas', url: 'https://teas.example', settings: { goals: GOALS, funnels: FUNNELS } });
  await page.goto(address());
  await page.waitForSelector('h1:has-text("Settings")');
}

const GENERAL = '.block:has(h2:text("The pixel"))';
const COLLECTING = '.block:has(h2:text("Collecting"))';
const GOAL_LIST = '.block:has(h2:text("Goals"))';
const DIALOG = 'dialog[open]:has-text("Unsaved changes")';
const name = (): Promise<string> => page.inputValue(`${GENERAL} input >> nth=0`);

describe('changes that are not saved', () => {
  /** Ways to leave the settings within the dashboard. */
  const WAYS: readonly (readonly [what: string, leave: () => Promise<unknown>, to: string])[] = [
    ['a view of the navigation', () => page.click('nav >> text=Statistics'), 'Teas'],
    ['all pixels', () => page.click('a.brand'), 'Pixels'],
    ['the choice of pixels', () => page.selectOption('header select', ''), 'Pixels'],
    ['tokens', () => page.click('header >> text=Tokens'), 'Tokens'],
    ['Back', () => page.evaluate(() => history.back()), 'Install'],
    ['the sign-out', () => page.click('header >> text=Sign out'), 'Sign in'],
  ];

  it.each(WAYS)('are asked about before one leaves by %s', async (what, leave, to) => {
    await reset();
    await page.goto(`${speck.url}/app/${pixel}/install`);
    await page.click('nav >> text=Settings');
    await page.waitForSelector(GENERAL);
    await page.fill(`${GENERAL} input >> nth=0`, 'Finest teas');
    await leave();
    await page.waitForSelector(DIALOG);
    expect(page.url()).toBe(address());
    if (what === 'a view of the navigation') expect(await violations(page)).toEqual([]);
    await page.click(`${DIALOG} >> text=Stay`);
    await page.waitForSelector(DIALOG, { state: 'detached' });
    expect(await name()).toBe('Finest teas');
    expect(await page.inputValue('header select')).toBe(pixel);
    await leave();
    await page.click(`${DIALOG} >> text=Leave without saving`);
    await page.waitForSelector(`h1:has-text("${to}")`);
    expect((await read()).name).toBe('Teas');
    if (to === 'Sign in') await signIn(page, speck);
    // It is given up: nothing is asked again, and nothing is left of it.
    await page.goto(address());
    await settles(name, 'Teas');
  });

  it('are not asked about once they are saved or taken back', async () => {
    await reset();
    await page.fill(`${GENERAL} input >> nth=0`, 'Finest teas');
    await page.fill(`${GENERAL} input >> nth=0`, 'Teas');
    await page.click('a.brand');
    await page.waitForSelector('h1:has-text("Pixels")');
    await page.goto(address());
    await page.fill(`${GENERAL} input >> nth=0`, 'Other teas');
    await page.click(`${GENERAL} button[type=submit]`);
    await page.waitForSelector(`${GENERAL} .saved:has-text("Saved")`);
    await page.click('a.brand');
    await page.waitForSelector('h1:has-text("Pixels")');
    await page.waitForSelector('.card:has-text("Other teas")');
  });

  it('make the browser ask before a reload and before the page is closed', async () => {
    const other = await openPage(browser, speck);
    await signIn(other.page, speck);
    await other.page.goto(address());
    await other.page.waitForSelector(GENERAL);
    // Without a change, the reload is not asked about.
    await other.page.reload();
    await other.page.fill(`${GENERAL} input >> nth=0`, 'Finest teas');
    for (const leave of [
      () => other.page.reload({ timeout: 2000 }),
      () => other.page.close({ runBeforeUnload: true }),
    ]) {
      other.wrong.length = 0;
      // The dialog is dismissed: the page stays.
      await leave().catch(() => undefined);
      await settles(async () => other.wrong, ['dialog: ']);
      expect(await other.page.inputValue(`${GENERAL} input >> nth=0`)).toBe('Finest teas');
    }
    await other.close();
  });

  it('outlive an ended session', async () => {
    await reset();
    await page.fill(`${GENERAL} input >> nth=0`, 'Finest teas');
    await page.fill(`${COLLECTING} input >> nth=0`, '45');
    await page.fill(`${GOAL_LIST} > form input >> nth=0`, 'Came back');
    await page.click('[aria-label="Edit Paid"]');
    await page.fill('[data-edited] input >> nth=1', 'Payment');
    await speck.db.prepare('DELETE FROM sessions').run();
    await page.click(`${GENERAL} button[type=submit]`);
    await page.waitForSelector('.notice:has-text("Your session has ended. Sign in to continue.")');
    await page.fill('input[type=password]', ADMIN_TOKEN);
    await page.keyboard.press('Enter');
    await page.waitForSelector(GENERAL);
    expect(page.url()).toBe(address());
    expect(await name()).toBe('Finest teas');
    expect(await page.inputValue(`${COLLECTING} input >> nth=0`)).toBe('45');
    expect(await page.inputValue(`${GOAL_LIST} > form input >> nth=0`)).toBe('Came back');
    expect(await page.inputValue('[data-edited] input >> nth=1')).toBe('Payment');
    for (const form of [GENERAL, COLLECTING, '[data-edited]']) {
      await page.click(`${form} button[type=submit]`);
      if (form !== '[data-edited]') await page.waitForSelector(`${form} .saved:has-text("Saved")`);
    }
    await settles(async () => {
      const { name: now, settings } = await read();
      return [now, settings.retention_days, settings.goals.at(-1)];
    }, ['Finest teas', 45, { name: 'Paid', event: 'Payment' }]);
    await page.fill(`${GOAL_LIST} > form input >> nth=0`, '');
  });
});

describe('two tabs', () => {
  it('change different things without undoing each other', async () => {
    await reset();
    await change({ settings: { goals: [...GOALS, { name: 'Left', event: 'Left' }] } });
    await page.fill(`${GENERAL} input >> nth=0`, 'Finest teas');
    await page.click(`${GENERAL} button[type=submit]`);
    await page.waitForSelector(`${GENERAL} .saved:has-text("Saved")`);
    await page.waitForSelector(`${GOAL_LIST} li:has-text("Left")`);
    // A goal that is added to an old list does not undo the new one.
    await change({ settings: { goals: [...GOALS, { name: 'Right', event: 'Right' }] } });
    await page.fill(`${GOAL_LIST} > form input >> nth=0`, 'Came back');
    await page.fill(`${GOAL_LIST} > form input >> nth=1`, 'Return');
    await page.click(`${GOAL_LIST} > form button[type=submit]`);
    await page.waitForSelector(`${GOAL_LIST} li:has-text("Came back")`);
    expect(namesOf((await read()).settings.goals)).toEqual([
      'Visited',
      'Signed up',
      'Paid',
      'Right',
      'Came back',
    ]);
  });

  it('that change the same: the second is told, and nothing is lost', async () => {
    await reset();
    await page.fill(`${GENERAL} input >> nth=0`, 'Finest teas');
    await change({ name: 'Cheap teas' });
    await page.click(`${GENERAL} button[type=submit]`);
    await page.waitForSelector(`${GENERAL} .error:has-text("“Name” is now “Cheap teas”")`);
    expect(await name()).toBe('Finest teas');
    expect((await read()).name).toBe('Cheap teas');
    await page.click(`${GENERAL} button[type=submit]`);
    await page.waitForSelector(`${GENERAL} .saved:has-text("Saved")`);
    expect((await read()).name).toBe('Finest teas');

    await page.click('[aria-label="Edit Paid"]');
    await page.fill('[data-edited] input >> nth=1', 'Payment');
    await change({ settings: { goals: GOALS.with(2, { name: 'Paid', event: 'Invoice' }) } });
    await page.click('[data-edited] button[type=submit]');
    await page.waitForSelector('[data-edited] .error:has-text("the event Invoice")');
    await page.click('[data-edited] button[type=submit]');
    await settles(async () => (await read()).settings.goals[2], { name: 'Paid', event: 'Payment' });

    // One that is gone is there again as it was edited.
    await page.click('[aria-label="Edit Paid"]');
    await page.fill('[data-edited] input >> nth=1', 'Bought');
    await change({ settings: { goals: GOALS.slice(0, 2), funnels: FUNNELS.slice(1) } });
    await page.fill(`${GENERAL} input >> nth=0`, 'Teas');
    await page.click(`${GENERAL} button[type=submit]`);
    await page.waitForSelector(`${GENERAL} .saved:has-text("Saved")`);
    const orphan = `${GOAL_LIST} form:has-text("Cancel")`;
    expect(await page.inputValue(`${orphan} input >> nth=0`)).toBe('Paid');
    expect(await page.inputValue(`${orphan} input >> nth=1`)).toBe('Bought');
    await page.click(`${orphan} button[type=submit]`);
    await settles(async () => (await read()).settings.goals[2], { name: 'Paid', event: 'Bought' });
  });
});

describe('by keyboard alone', () => {
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const focus = (): Promise<string> =>
    page.evaluate(
      () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
    );
  const tabTo = async (label: string): Promise<void> => {
    for (let tabs = 0; tabs < 120; tabs++) {
      if ((await focus()) === label) return;
      await press('Tab');
    }
    throw new Error(`no tab leads to ${label}, but to ${await focus()}`);
  };
  const goals = async (): Promise<string[]> => namesOf((await read()).settings.goals);

  it('goals are put into another order, and the focus stays', async () => {
    await reset();
    await tabTo('Move Paid up');
    await press('Enter');
    expect(await focus()).toBe('Move Paid up');
    await page.waitForSelector(`${GOAL_LIST} [role=status]:has-text("Paid is now 2 of 3.")`);
    await press('Enter');
    expect(await focus()).toBe('Move Paid up');
    // At the end it does nothing more, and keeps the focus.
    await press('Enter');
    expect(await focus()).toBe('Move Paid up');
    await settles(goals, ['Paid', 'Visited', 'Signed up']);
    await press('Tab');
    expect(await focus()).toBe('Move Paid down');
    await press('Space');
    await settles(goals, ['Visited', 'Paid', 'Signed up']);
    await page.reload();
    await page.waitForSelector(GOAL_LIST);
    expect(await page.$$eval(`${GOAL_LIST} li b`, (all) => all.map((one) => one.textContent))).toEqual([
      'Visited',
      'Paid',
      'Signed up',
    ]);
  });

  it('what was saved is shown while the list of pixels is on its way', async () => {
    await reset();
    const order = () => page.$$eval(`${GOAL_LIST} li b`, (all) => all.map((one) => one.textContent));
    const isList = (url: URL): boolean => url.pathname === '/api/v1/pixels';
    await page.route(isList, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await route.continue();
    });
    await tabTo('Move Paid up');
    await press('Enter');
    await settles(goals, ['Visited', 'Paid', 'Signed up']);
    for (let look = 0; look < 10; look++) {
      expect(await order()).toEqual(['Visited', 'Paid', 'Signed up']);
      await page.waitForTimeout(150);
    }
    await page.unroute(isList);
  });

  it('a goal that funnels use is renamed, and they follow', async () => {
    await reset();
    await tabTo('Edit Signed up');
    await press('Enter');
    await settles(() => page.evaluate(() => (document.activeElement as HTMLInputElement).value), 'Signed up');
    await press('Control+A');
    await page.keyboard.type('Joined');
    await press('Enter');
    await page.waitForSelector(`${GOAL_LIST} li bdi:text-is("Joined")`);
    await settles(focus, 'Edit Joined');
    const { settings } = await read();
    expect(settings.goals).toEqual([GOALS[0], { name: 'Joined', event: 'Signed up' }, GOALS[2]]);
    expect(settings.funnels.map(({ steps }) => steps)).toEqual([
      ['Visited', 'Joined', 'Paid'],
      ['Visited', 'Joined'],
    ]);
    // A second goal of the same name is none.
    await press('Enter', 'Control+A');
    await page.keyboard.type('Paid');
    await press('Enter');
    await page.waitForSelector('[data-edited] .error:has-text("same name")');
    await tabTo('Cancel');
    await press('Enter');
    await settles(focus, 'Edit Joined');
  });

  it('a funnel gets another name, other steps and another place', async () => {
    await reset();
    await tabTo('Edit To paid');
    await press('Enter', 'Control+A');
    await page.keyboard.type('Straight to paid');
    await tabTo('Move Paid up');
    await press('Enter');
    expect(await focus()).toBe('Move Paid up');
    await tabTo('Remove the step Signed up');
    await press('Enter');
    await tabTo('Save');
    await press('Enter');
    await settles(focus, 'Edit Straight to paid');
    await page.keyboard.press('Shift+Tab');
    expect(await focus()).toBe('Move Straight to paid down');
    await press('Enter');
    await settles(
      async () => (await read()).settings.funnels,
      [...FUNNELS.slice(1), { name: 'Straight to paid', steps: ['Visited', 'Paid'], within: 'visit' }],
    );
  });

  it('a goal is removed once one has read which funnels use it', async () => {
    await reset();
    await tabTo('Remove Paid');
    await press('Enter');
    await page.waitForSelector(`${GOAL_LIST} [role=alert]:has-text("The funnel “To paid” uses this goal")`);
    expect(await focus()).toBe('Keep it');
    expect(await violations(page)).toEqual([]);
    await press('Enter');
    await settles(focus, 'Remove Paid');
    expect(await goals()).toEqual(namesOf(GOALS));
    await tabTo('Remove Visited');
    await press('Enter');
    await page.waitForSelector(
      `${GOAL_LIST} [role=alert]:has-text("The funnels “To paid”, “To sign-up” use this goal")`,
    );
    await press('Enter');
    await tabTo('Remove Paid');
    await press('Enter', 'Shift+Tab');
    expect(await focus()).toBe('Remove the goal and the funnel');
    await press('Enter');
    await settles(goals, ['Visited', 'Signed up']);
    expect(namesOf((await read()).settings.funnels)).toEqual(['To sign-up']);
    await settles(focus, 'Goals');
  });
});

it('an order that is changed quickly is saved as it is shown', async () => {
  await reset();
  await page.route('**/api/v1/pixels/**', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    await route.continue().catch(() => undefined);
  });
  for (let time = 0; time < 2; time++) await page.click('[aria-label="Move Visited down"]');
  await page.click('[aria-label="Move Paid up"]');
  await settles(async () => namesOf((await read()).settings.goals), ['Paid', 'Signed up', 'Visited']);
  await page.unrouteAll({ behavior: 'wait' });
});

it.each([1280, 390])(
  'the settings fit, and axe finds nothing wrong, in both themes: %i wide',
  async (width) => {
    await reset();
    await page.setViewportSize({ width, height: 844 });
    await page.click('[aria-label="Edit Paid"]');
    await page.click('[aria-label="Edit To paid"]');
    await page.click('[aria-label="Remove Visited"]');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page)).toEqual([]);
    }
    expect(await overflow(page)).toBe(0);
    await page.setViewportSize({ width: 1280, height: 900 });
  },
);

describe('a token sees what it may do', () => {
  async function tokenPage(scopes: readonly string[], only: string | null = null): Promise<Watched> {
    const response = await speck.api('POST', '/api/v1/tokens', { name: scopes.join(), scopes, pixel: only });
    const { token } = (await response.json()) as { token: string };
    const opened = await openPage(browser, speck);
    await signIn(opened.page, speck, token);
    return opened;
  }

  /** What the page was refused, and its buttons and links. */
  async function visit(
    opened: Watched,
    path: string,
  ): Promise<{ refused: number[]; heading: string | null; buttons: string }> {
    const refused: number[] = [];
    const onResponse = (response: { status(): number }): void => {
      if (response.status() >= 400) refused.push(response.status());
    };
    opened.page.on('response', onResponse);
    await opened.page.goto(`${speck.url}/app${path}`);
    await opened.page.waitForSelector('h1');
    await opened.page.waitForLoadState('networkidle');
    opened.page.off('response', onResponse);
    const buttons = await opened.page.$$eval('main button, main a', (all) =>
      all.map((one) => one.textContent?.trim()).join('|'),
    );
    return { refused, heading: await opened.page.textContent('h1'), buttons };
  }

  it('to read', async () => {
    const reader = await tokenPage(['stats:read'], pixel);
    for (const [path, heading] of [
      ['/', 'Pixels'],
      [`/${pixel}`, 'Teas'],
      [`/${pixel}/live`, 'Live'],
      [`/${pixel}/rejections`, 'Rejected events'],
      [`/${pixel}/install`, 'Not available'],
      [`/${pixel}/settings`, 'Not available'],
      ['/new', 'Not available'],
      ['/tokens', 'Not available'],
    ] as const) {
      const seen = await visit(reader, path);
      expect([path, seen.heading, seen.refused]).toEqual([path, heading, []]);
      expect(seen.buttons).not.toMatch(/\b(Save|Delete|Remove|Revoke|Add a|Edit|Settings)\b(?! as CSV)/);
      for (const colorScheme of ['light', 'dark'] as const) {
        await reader.page.emulateMedia({ colorScheme });
        expect(await violations(reader.page)).toEqual([]);
      }
    }
    expect(await reader.page.$('header >> text=Tokens')).toBeNull();
    expect(reader.wrong).toEqual([]);
    await reader.close();
  });

  it('to send events, and to change pixels', async () => {
    const sender = await tokenPage(['events:write']);
    expect(await visit(sender, '/')).toMatchObject({ heading: 'Not available', refused: [] });
    expect(await visit(sender, `/${pixel}`)).toMatchObject({ heading: 'Not available', refused: [] });
    await sender.close();
    const changer = await tokenPage(['pixels:write']);
    expect(await visit(changer, '/')).toMatchObject({ heading: 'Not available', refused: [] });
    await changer.page.click('main >> text=Settings of Teas');
    await changer.page.waitForSelector(GENERAL);
    await changer.close();
    const oneOnly = await tokenPage(['pixels:write', 'stats:read'], pixel);
    expect(await visit(oneOnly, '/new')).toMatchObject({ heading: 'Not available', refused: [] });
    await oneOnly.page.waitForSelector('main >> text=for one pixel');
    await oneOnly.close();
  });

  it('not live, of a pixel that protects small groups', async () => {
    await change({ settings: { min_group: 5 } });
    const reader = await tokenPage(['stats:read']);
    expect(await visit(reader, `/${pixel}/live`)).toMatchObject({ heading: 'Not available', refused: [] });
    expect(await reader.page.$('nav >> text=Live')).toBeNull();
    await reader.close();
    await change({ settings: { min_group: 0 } });
  });

  it.each([
    '/nosuch',
    '/tokens/more',
    '/new/more',
    'PIXEL/nosuch',
    'PIXEL/settings/more',
    '/px_1234567890123456',
  ])('and what no address of the dashboard is: %s', async (path) => {
    const seen = await visit(watched, path.replace('PIXEL', `/${pixel}`));
    expect(seen).toMatchObject({ heading: 'Not found', refused: [] });
  });
});

it('in all this nothing went wrong by itself', () => {
  expect(watched.wrong).toEqual([]);
});
