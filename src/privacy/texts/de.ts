import type { Texts } from './texts.ts';

const de: Texts = {
  direction: 'ltr',
  navigation: { privacy: 'Ihre Daten', optOut: 'Widersprechen', languages: 'Sprache' },
  problems: {
    foreign: [
      'Es wurde nichts ausgeführt',
      'Diese Anfrage kam von einer anderen Website. Wenn Sie sie gewollt haben, öffnen Sie diese Seite selbst und verwenden Sie die Schaltfläche dort.',
    ],
    unknown: [
      'Website nicht gefunden',
      'Die Website aus dem Link, dem Sie gefolgt sind, zählt ihre Besuche hier nicht oder nicht mehr.',
    ],
    method: [
      'Das geht hier nicht',
      'Öffnen Sie diese Seite in einem Browser, oder verwenden Sie die Schaltfläche dort.',
    ],
    limited: [
      'Zu viele Anfragen',
      'Von Ihrer IP-Adresse kamen zu viele Anfragen. Versuchen Sie es in einer Minute noch einmal.',
    ],
    unavailable: [
      'Zurzeit nicht verfügbar',
      'Ihre Daten können gerade nicht gelesen werden. Versuchen Sie es in einer Minute noch einmal.',
    ],
  },
  owner: {
    title: 'Wer verantwortlich ist',
    one: 'Verantwortlich für die Daten auf dieser Seite:',
    several: 'Mehrere Betreiber speichern hier Daten, jeder für seine eigenen Websites:',
    unnamed: 'Weitere Betreiber haben ihren Namen hier nicht angegeben.',
    more: 'Es gibt mehr Betreiber, als hier stehen.',
    none: 'Der Betreiber hat hier weder Namen noch Kontakt angegeben. Sehen Sie in der Datenschutzerklärung der Website nach, die Sie besucht haben.',
    siteNone: 'Der Betreiber dieser Website hat hier weder Namen noch Kontakt angegeben.',
    unavailable: 'Der Name des Betreibers kann gerade nicht angezeigt werden.',
    contact: 'Kontakt',
    policy: 'Datenschutzerklärung',
  },
  optOut: {
    title: 'Möchten Sie gezählt werden?',
    lead: 'Einige Websites, die Sie besuchen, zählen hier ihre Seitenaufrufe. Ob Ihre mitgezählt werden, entscheiden Sie.',
    states: {
      '': [
        'Besuche mit diesem Browser werden gezählt.',
        'Sie zählen jeden Tag als neuer Besucher, es sei denn, Sie haben einem Cookie zugestimmt oder sich angemeldet.',
        'Nicht mehr zählen',
      ],
      signal: [
        'Dieser Browser bittet darum, nicht verfolgt zu werden.',
        'Er sendet „Global Privacy Control“ oder „Do Not Track“. Deshalb werden Sie nicht wiedererkannt. Manche Websites zählen den Seitenaufruf trotzdem. Wenn Sie widersprechen, wird nichts gespeichert.',
        'Nicht mehr zählen',
      ],
      opt_out: [
        'Besuche mit diesem Browser werden nicht gezählt.',
        'Sie haben widersprochen. Was Sie in diesem Browser tun, wird hier nicht gespeichert.',
        'Wieder mitzählen',
      ],
    },
    lost: [
      'Ihr Browser hat sich Ihre Entscheidung nicht gemerkt.',
      'Dafür ist ein Cookie von {host} nötig. Erlauben Sie es und versuchen Sie es noch einmal. Oder schalten Sie „Global Privacy Control“ ein, eine Einstellung mancher Browser: Sie braucht kein Cookie, und Sie werden nicht wiedererkannt.',
    ],
    counting: {
      title: 'Was gezählt wird',
      paragraphs: [
        'Wenn Sie eine Seite einer Website öffnen, die ihre Besuche hier zählt, sendet Ihr Browser eine Anfrage an {host}. Gespeichert werden die Seite, die Website, von der Sie kamen, Ihr ungefährer Standort, Ihre Sprache, die Art von Browser und Gerät und was die Website hinzufügt, zum Beispiel ein Kauf. Ihre IP-Adresse wird nicht gespeichert. <a href="{privacy}">Ansehen, was über Sie gespeichert ist</a>.',
      ],
    },
    effects: {
      title: 'Was der Widerspruch bewirkt',
      items: [
        'Ein Cookie in diesem Browser sagt {days} Tage lang „nein“. Es ist für alle gleich und kennzeichnet Sie deshalb nicht.',
        'Von da an wird nichts mehr gespeichert, was Sie in diesem Browser tun, und zwar für alle Websites, die ihre Besuche hier zählen. Nur die Anzahl solcher Anfragen wird gezählt.',
        'Wenn Sie einem Cookie zugestimmt haben, das Sie wiedererkennt, wird es gelöscht. Was damit gespeichert wurde, bleibt, und dieser Browser findet es nicht mehr. Wenn Sie das nicht möchten, <a href="{privacy}">löschen Sie es zuerst</a>.',
        'Wenn Sie zugestimmt haben, dass eine Website Werbenetzwerken mitteilt, was Sie dort tun, endet das. Was noch wartet, wird nicht gesendet, und Ihre Klicks auf Anzeigen werden vergessen.',
        'Der Widerspruch gilt nur für diesen Browser und nur, bis Sie dessen Cookies löschen.',
        'Manche Browser trennen die Cookies der einzelnen Websites. Dann sehen Websites außerhalb der Domain von {host} Ihre Entscheidung möglicherweise nicht. „Global Privacy Control“, eine Einstellung mancher Browser, erreicht alle Websites.',
      ],
    },
  },
  privacy: {
    title: 'Was über Sie gespeichert ist',
    lead: 'Gefunden anhand Ihrer IP-Adresse und Ihres Browsers für heute, und anhand Ihres Cookies, falls Sie einem zugestimmt haben.',
    nothing: 'Wir haben heute nichts über Sie.',
    nothingSeen: 'Wir haben nichts über Sie gefunden.',
    found: '{events} auf {sites}.',
    events: { one: '{count} Ereignis', other: '{count} Ereignisse' },
    sites: { one: '{count} Website', other: '{count} Websites' },
    dayCount: { one: '{count} Tag', other: '{count} Tage' },
    erased: { one: '{count} Ereignis endgültig gelöscht.', other: '{count} Ereignisse endgültig gelöscht.' },
    optedOut: 'Sie haben widersprochen: Es kommt nichts hinzu.',
    agents:
      'In der letzten Stunde kamen Anfragen vieler verschiedener Browser von Ihrer IP-Adresse. Deshalb wurde nur anhand Ihres Cookies gesucht.',
    partial:
      'Von den Ereignissen seit der letzten vollen Stunde wurde nur ein Teil durchsucht. Versuchen Sie es in einer Stunde noch einmal.',
    moreSites:
      'Es wurden nur die {max} neuesten Websites durchsucht. Für eine andere verwenden Sie den Link in deren Datenschutzerklärung.',
    erase: 'Damit wird alles gelöscht, auch Ihr Cookie.',
    eraseSite:
      'Damit wird alles gelöscht, was diese Website über Sie speichert. Ihr Cookie bleibt, damit Sie finden können, was andere Websites speichern.',
    shared:
      'Möglicherweise nutzen auch andere Ihre IP-Adresse mit der gleichen Art von Browser: zu Hause, bei der Arbeit oder über ein VPN. Deren heutige Ereignisse werden hier ebenfalls gefunden und mit Ihren gelöscht.',
    button: 'Endgültig löschen',
    stored: '{events}. Speicherdauer: {days}.',
    storedAtLeast: 'Mindestens {events}. Speicherdauer: {days}.',
    latest: 'Angezeigt werden die neuesten {count}.',
    only: 'Nur diese Website',
    all: 'Alle Websites',
    seen: 'Ihr Cookie wurde an diesen Tagen gesehen: {days}.',
    linked: 'Es wurde zusammen mit {kind} gesehen.',
    kinds: {
      uid: 'einer Benutzerkennung',
      external_id: 'einer Kundennummer',
      em: 'einer E-Mail-Adresse',
      ph: 'einer Telefonnummer',
    },
    pageOnly:
      'Von Ereignissen, die anhand von IP-Adresse und Browser gefunden wurden, sehen Sie nur Seite und Zeit.',
    zone: 'Zeitzone: {zone}.',
    columns: ['Wann', 'Was', 'Einzelheiten'],
    technical: 'Technische Angaben',
    relay: {
      title: 'Was Werbenetzwerken mitgeteilt wird',
      told: 'Sie haben zugestimmt, dass diese Website Werbenetzwerken mitteilt, was Sie dort tun. Mitgeteilt wurde oder wird:',
      states: {
        waiting: 'wartet auf das Senden',
        sent: 'gesendet',
        delivered: 'gesendet und angenommen',
        refused: 'nicht angenommen',
        expired: 'nicht gesendet: Es war zu alt',
        withdrawn: 'nicht gesendet: Sie haben Ihre Zustimmung widerrufen',
        unknown: 'gesendet; die Antwort ging verloren',
      },
      inFlight:
        'Sie haben Ihre Zustimmung widerrufen, während es gesendet wurde; das Netzwerk hat es vielleicht',
      webhook: 'ein Server, den die Website gewählt hat',
      fields: 'Was gesendet wurde',
      hashed: '{name} (als Hash)',
      kept: 'Für einen späteren Kauf wird {days} Tage lang aufbewahrt, dass Sie über eine Anzeige kamen, mit der Nummer, die das Netzwerk Ihrem Klick gab:',
    },
    never: {
      title: 'Was nie gespeichert wird',
      items: [
        'Ihre IP-Adresse und die vollständige Beschreibung, die Ihr Browser von sich sendet (der „User-Agent“). Die einzige Ausnahme: Wenn Sie zugestimmt haben, dass eine Website Werbenetzwerken ein Ereignis mitteilt, warten beide mit diesem Ereignis verschlüsselt, bis es gesendet ist, höchstens {wait} Tage.',
        'Was in der Adresse einer Seite auf das „?“ folgt, außer Teilen, die die Website ausgewählt hat, und den Nummern von Klicks auf Anzeigen, wenn Sie dem zugestimmt haben: Diese sind verschlüsselt.',
        'E-Mail-Adressen in Texten: Sie werden unkenntlich gemacht.',
      ],
    },
    codes: {
      title: 'Was gespeichert, aber nicht angezeigt wird',
      paragraphs: [
        'Mit einem Ereignis werden drei Codes gespeichert. Sie werden nicht angezeigt: Mit ihnen könnte jeder, der die Daten der Website hat, Ihre Ereignisse finden.',
        'Der <b>Besuchercode</b> wird aus Ihrer IP-Adresse, Ihrem User-Agent und einem Geheimnis des Tages berechnet. Er unterscheidet die Besucher eines Tages. Das Geheimnis wird zwei Tage nach seinem Tag gelöscht. Die Datenbank hat einen Verlauf von 30 Tagen. Sobald das Geheimnis auch dort verschwunden ist, kann niemand mehr herausfinden, zu wem der Code gehörte.',
        'Den <b>Personencode</b> gibt es nur, wenn Sie einem Cookie zugestimmt oder sich angemeldet haben. Er wird daraus und aus einem Geheimnis der Website berechnet.',
        'Der <b>Ereigniscode</b> ist zufällig und unterscheidet Ereignisse.',
      ],
    },
    time: {
      title: 'Wie lange gespeichert wird',
      paragraphs: [
        'Ereignisse: so lange, wie es oben bei der Website steht. Die Tage, an denen Ihr Cookie gesehen wurde, und welche Codes zusammengehören: {days} Tage.',
        'Summen, etwa wie viele Besucher eine Seite am Montag hatte, lassen niemanden erkennen und bleiben. Soweit es die Ereignisse noch gibt, werden die Summen ohne Ihre neu berechnet.',
        'Länger als die Ereignisse kann eine Website aufbewahren, was an einem vergangenen Tag geschah (Seiten, Herkunft, Orte, Geräte, Zeiten und was die Website hinzugefügt hat), aber ohne die Codes. Deshalb kann es hier weder gefunden noch angezeigt oder gelöscht werden.',
        'Was Werbenetzwerken mitgeteilt wurde: {ledger} Tage. Klicks auf Anzeigen: {clicks} Tage oder bis Sie Ihre Zustimmung widerrufen. Dass Sie sie widerrufen haben: {ledger} Tage.',
      ],
    },
    limits: {
      title: 'Was diese Seite nicht kann',
      items: [
        'Frühere Tage ohne Cookie finden. Sie haben jeden Tag einen anderen Code.',
        'Finden, was Sie vor heute getan haben, während Sie angemeldet waren. Das gehört zu Ihrem Benutzerkonto. Fragen Sie die Website: Sie kann es anzeigen und löschen.',
        'Sie von jemandem unterscheiden, der die gleiche IP-Adresse hat und vorgibt, den gleichen Browser zu verwenden. Deshalb zeigt sie von Ereignissen, die anhand von IP-Adresse und Browser gefunden wurden, nur Seite und Zeit.',
        'Ereignisse finden, die noch nicht gespeichert sind. Wenn etwas fehlt, sehen Sie ein paar Minuten später noch einmal nach.',
        'Ereignisse aus dem Verlauf der Datenbank löschen. Ihr Besitzer könnte einen Stand wiederherstellen, der bis zu 30 Tage alt ist.',
        'Zurückholen, was einem Werbenetzwerk mitgeteilt wurde. Bitten Sie das Netzwerk, es zu löschen.',
      ],
    },
    analyticsEngine: {
      copy: 'Eine Kopie in Analytics Engine löschen, einem Speicher von Cloudflare, in dem sich nichts löschen lässt. Sie enthält den Besuchercode, aber keinen Personencode und nichts, was die Website hinzugefügt hat, und verschwindet nach drei Monaten.',
      only: 'Löschen, was von heute in Analytics Engine liegt, einem Speicher von Cloudflare, in dem sich nichts löschen lässt. Wenn Sie die Schaltfläche verwenden, wird es nicht mehr mitgezählt. Es enthält den Besuchercode, dessen Geheimnis zwei Tage nach seinem Tag gelöscht wird, aber keinen Personencode und nichts, was die Website hinzugefügt hat, und verschwindet nach drei Monaten.',
      unsearched:
        'Das meiste von heute liegt in Analytics Engine, einem Speicher von Cloudflare, den diese Seite gerade nicht durchsuchen konnte. Mit der Schaltfläche unten wird auch das nicht mehr mitgezählt.',
      erased:
        'Was Analytics Engine von heute über Sie enthält, wird spätestens in einer Stunde nicht mehr mitgezählt.',
    },
  },
  event: {
    names: { pageview: 'Seitenaufruf', engagement: 'Zeit auf der Seite' },
    fields: {
      source: 'Gekommen über',
      campaign: 'Kampagne',
      place: 'Ort',
      device: 'Gerät',
      language: 'Sprache',
      read: 'Gelesen',
      amount: 'Betrag',
      custom: 'Von der Website hinzugefügt',
      sender: 'Gesendet von',
    },
    channels: {
      Direct: 'direkter Aufruf',
      Referral: 'Link auf einer anderen Website',
      'Organic Search': 'Suchmaschine',
      'Organic Social': 'soziales Netzwerk',
      'Organic Video': 'Videoportal',
      'Organic Shopping': 'Einkaufsportal',
      'AI Assistants': 'KI-Assistent',
      Email: 'E-Mail',
      Affiliates: 'Partnerlink',
      Audio: 'Audiowerbung',
      SMS: 'SMS',
      'Mobile Push Notifications': 'Push-Nachricht',
      'Paid Search': 'Anzeige in einer Suchmaschine',
      'Paid Social': 'Anzeige in einem sozialen Netzwerk',
      'Paid Video': 'Videowerbung',
      'Paid Shopping': 'Produktanzeige',
      'Paid Other': 'Anzeige',
      Display: 'Bannerwerbung',
      'Cross-network': 'Anzeige in mehreren Netzwerken',
    },
    devices: {
      Desktop: 'Computer',
      Mobile: 'Telefon',
      Tablet: 'Tablet',
      TV: 'Fernseher',
      Console: 'Spielkonsole',
      Wearable: 'Smartwatch oder Ähnliches',
      Embedded: 'eingebautes Gerät',
    },
    engaged: '{duration} lang',
    scroll: 'bis {percent} der Seite',
    server: 'dem Server der Website',
    mailProxy: 'einem E-Mail-Programm',
    reference: 'Nummer, die die Website vergeben hat',
  },
};

export default de;
