import type { Texts } from './texts.ts';

const en: Texts = {
  direction: 'ltr',
  navigation: { privacy: 'Your data', optOut: 'Opt out', languages: 'Language' },
  problems: {
    foreign: [
      'Nothing was done',
      'Another website sent this request. If you meant to do it, open this page yourself and use its button.',
    ],
    unknown: [
      'Website not found',
      'The link that you followed names a website that is not counted here, or not any more.',
    ],
    method: ['That does not work here', 'Open this page in a browser, or use its button.'],
    limited: ['Too many requests', 'Too many requests came from your IP address. Try again in a minute.'],
    unavailable: ['Not available right now', 'Your data cannot be read right now. Try again in a minute.'],
  },
  owner: {
    title: 'Who is responsible',
    one: 'The data on this page is the responsibility of:',
    several: 'Several owners store data here, each for their own websites:',
    unnamed: 'Other owners have not given their names here.',
    more: 'There are more owners than are shown.',
    none: 'The owner has not given a name or contact here. Look in the privacy notice of the website that you visited.',
    siteNone: 'The owner of this website has not given a name or contact here.',
    unavailable: 'The owner’s name cannot be shown right now.',
    contact: 'Contact',
    policy: 'Privacy policy',
  },
  optOut: {
    title: 'Do you want to be counted?',
    lead: 'Some websites that you visit count their page views here. Whether yours are counted is up to you.',
    states: {
      '': [
        'This browser is being counted.',
        'You count as a new visitor each day, unless you agreed to a cookie or signed in.',
        'Opt out',
      ],
      signal: [
        'This browser asks not to be tracked.',
        'It sends Global Privacy Control or Do Not Track, so you are not recognized. Some websites still count the page view. If you opt out, nothing is stored.',
        'Opt out',
      ],
      opt_out: ['This browser has opted out.', 'Nothing that you do in it is stored here.', 'Opt back in'],
    },
    lost: [
      'Your browser did not keep your choice.',
      'Opting out needs a cookie from {host}. Allow it and try again. Or turn on Global Privacy Control, a setting of some browsers: it needs no cookie, and you are not recognized.',
    ],
    counting: {
      title: 'What is counted',
      paragraphs: [
        'When you open a page of a website that counts its visits here, your browser sends a request to {host}. What is stored: the page, the website that you came from, your approximate location, your language, the kind of browser and device, and what the website adds, such as a purchase. Your IP address is not stored. <a href="{privacy}">See what is stored about you</a>.',
      ],
    },
    effects: {
      title: 'What opting out does',
      items: [
        'A cookie in this browser says “no” for {days} days. It is the same for everyone, so it does not identify you.',
        'From then on, nothing that you do in this browser is stored, for any website that counts its visits here. Only the number of such requests is counted.',
        'If you agreed to a cookie that recognizes you, it is deleted. What was stored with it stays, and this browser can no longer find it. If you want it gone, <a href="{privacy}">delete it first</a>.',
        'It applies to this browser only, until you delete its cookies.',
        'Some browsers keep the cookies of each website apart. Then websites outside the domain of {host} may not see your choice. Global Privacy Control, a setting of some browsers, reaches every website.',
      ],
    },
  },
  privacy: {
    title: 'What is stored about you',
    lead: 'Found by your IP address and browser, for today, and by your cookie, if you agreed to one.',
    nothing: 'We have nothing about you today.',
    nothingSeen: 'We found nothing about you.',
    found: '{events} on {sites}.',
    events: { one: '{count} event', other: '{count} events' },
    sites: { one: '{count} website', other: '{count} websites' },
    dayCount: { one: '{count} day', other: '{count} days' },
    erased: { one: '{count} event deleted for good.', other: '{count} events deleted for good.' },
    optedOut: 'You have opted out: nothing is added.',
    agents:
      'Many different browsers have used your IP address in the last hour, so this page searched by your cookie only.',
    partial: 'Only some of the events since the last full hour were searched. Try again in an hour.',
    moreSites:
      'Only the {max} newest websites were searched. To search another one, use the link in its privacy notice.',
    erase: 'This deletes all of it, and your cookie.',
    eraseSite:
      'This deletes all that this website stores about you. Your cookie stays, so that you can find what other websites store.',
    shared:
      'Other people may use your IP address with the same kind of browser: at home, at work, or through a VPN. Their events of today are found here too, and deleted with yours.',
    button: 'Delete for good',
    stored: '{events}. Events are stored for {days}.',
    storedAtLeast: 'At least {events}. Events are stored for {days}.',
    latest: 'The latest {count} are shown.',
    only: 'Only this website',
    all: 'All websites',
    seen: 'Your cookie was seen on these days: {days}.',
    linked: 'It was seen together with {kind}.',
    kinds: {
      uid: 'a user ID',
      external_id: 'a customer number',
      em: 'an e-mail address',
      ph: 'a phone number',
    },
    pageOnly:
      'Of events that were found by your IP address and browser, only the page and the time are shown.',
    zone: 'Time zone: {zone}.',
    columns: ['When', 'What', 'Details'],
    technical: 'Technical details',
    never: {
      title: 'What is never stored',
      items: [
        'Your IP address, and your browser’s full description of itself (the user agent).',
        'What follows the “?” in the address of a page, except for parts that the website chose.',
        'E-mail addresses in any text: they are masked.',
      ],
    },
    codes: {
      title: 'What is stored but not shown',
      paragraphs: [
        'Three codes are stored with an event. They are not shown: with them, anyone who has the website’s data could find your events.',
        'The <b>visitor code</b> is computed from your IP address, your user agent and a secret of the day. It tells the visitors of one day apart. The secret is deleted two days after its day. The database’s history goes back 30 days. Once the secret is gone from there, too, nobody can find out whose code it was.',
        'The <b>person code</b> exists only if you agreed to a cookie or signed in. It is computed from these, with a secret of the website.',
        'The <b>event code</b> is random and tells events apart.',
      ],
    },
    time: {
      title: 'How long it is stored',
      paragraphs: [
        'Events: as long as each website says above. The days on which your cookie was seen, and which codes belong together: {days} days.',
        'Totals, such as how many visitors a page had on Monday, identify nobody and stay. Where the events still exist, totals are computed again without yours.',
        'For longer than the events, a website may keep what was done on a past day (pages, sources, places, devices, times, and what the website added), but without the codes, so it cannot be found here, shown or deleted.',
      ],
    },
    limits: {
      title: 'What this page cannot do',
      items: [
        'Find earlier days without a cookie. On each day you have another code.',
        'Find what you did while signed in, before today. That belongs to your account. Ask the website, which can show and delete it.',
        'Tell you apart from someone with the same IP address who claims to have the same browser. So events that were found by IP address and browser are shown with their pages and times only.',
        'Find events that still wait to be stored. If something is missing, look again a few minutes later.',
        'Delete events from the database’s history. Its owner could restore it to a state of up to 30 days ago.',
      ],
    },
    analyticsEngine: {
      copy: 'Delete a copy in Analytics Engine, a store of Cloudflare that cannot delete. It has the visitor code, but no person code and nothing that the website added, and disappears after three months.',
      only: 'Delete what is from today in Analytics Engine, a store of Cloudflare that cannot delete. If you use the button, it is not counted any more. It has the visitor code, whose secret is deleted two days after its day, but no person code and nothing that the website added, and disappears after three months.',
      unsearched:
        'Most of what is stored today is in Analytics Engine, a store of Cloudflare that this page could not search just now. With the button below, that is not counted any more either.',
      erased:
        'What Analytics Engine has of you from today is not counted any more, in an hour at the latest.',
    },
  },
  event: {
    names: { pageview: 'Page view', engagement: 'Time on page' },
    fields: {
      source: 'Came from',
      campaign: 'Campaign',
      place: 'Place',
      device: 'Device',
      language: 'Language',
      read: 'Read',
      amount: 'Amount',
      custom: 'Added by the website',
      sender: 'Sent by',
    },
    channels: {
      Direct: 'direct visit',
      Referral: 'link on another website',
      'Organic Search': 'search engine',
      'Organic Social': 'social network',
      'Organic Video': 'video site',
      'Organic Shopping': 'shopping site',
      'AI Assistants': 'AI assistant',
      Email: 'e-mail',
      Affiliates: 'affiliate link',
      Audio: 'audio ad',
      SMS: 'text message',
      'Mobile Push Notifications': 'push notification',
      'Paid Search': 'ad in a search engine',
      'Paid Social': 'ad in a social network',
      'Paid Video': 'video ad',
      'Paid Shopping': 'shopping ad',
      'Paid Other': 'ad',
      Display: 'banner ad',
      'Cross-network': 'ad across several networks',
    },
    devices: {
      Desktop: 'Computer',
      Mobile: 'Phone',
      Tablet: 'Tablet',
      TV: 'TV',
      Console: 'Game console',
      Wearable: 'Wearable',
      Embedded: 'Built-in device',
    },
    engaged: 'for {duration}',
    scroll: 'down to {percent}',
    server: 'the website’s server',
    mailProxy: 'a mail program',
    reference: 'Number that the website gave it',
  },
};

export default en;
