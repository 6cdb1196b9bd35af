import type { Texts } from './texts.ts';

const fr: Texts = {
  direction: 'ltr',
  navigation: { privacy: 'Vos données', optOut: 'Refuser', languages: 'Langue' },
  problems: {
    foreign: [
      'Rien n’a été fait',
      'Un autre site a envoyé cette requête. Si elle venait de vous, ouvrez vous-même cette page et utilisez son bouton.',
    ],
    unknown: [
      'Site introuvable',
      'Le site indiqué dans le lien que vous avez suivi ne compte pas, ou plus, ses visites ici.',
    ],
    method: ['Cela ne fonctionne pas ici', 'Ouvrez cette page dans un navigateur, ou utilisez son bouton.'],
    limited: [
      'Trop de requêtes',
      'Trop de requêtes proviennent de votre adresse IP. Réessayez dans une minute.',
    ],
    unavailable: [
      'Indisponible pour le moment',
      'Vos données ne peuvent pas être lues pour le moment. Réessayez dans une minute.',
    ],
  },
  owner: {
    title: 'Qui est responsable',
    one: 'Responsable des données de cette page&nbsp;:',
    several: 'Plusieurs éditeurs enregistrent ici des données, chacun pour ses propres sites&nbsp;:',
    unnamed: 'D’autres éditeurs n’ont pas indiqué leur nom ici.',
    more: 'Il y a d’autres éditeurs que ceux affichés ici.',
    none: 'L’éditeur n’a indiqué ici ni nom ni contact. Consultez la politique de confidentialité du site que vous avez visité.',
    siteNone: 'L’éditeur de ce site n’a indiqué ici ni nom ni contact.',
    unavailable: 'Le nom de l’éditeur ne peut pas être affiché pour le moment.',
    contact: 'Contact',
    policy: 'Politique de confidentialité',
  },
  optOut: {
    title: 'Voulez-vous que vos visites soient comptées&nbsp;?',
    lead: 'Certains sites que vous visitez comptent ici leurs pages vues. C’est à vous de décider si les vôtres sont comptées.',
    states: {
      '': [
        'Les visites de ce navigateur sont comptées.',
        'Vous comptez chaque jour comme un nouveau visiteur, sauf si vous avez accepté un cookie ou si vous vous êtes connecté.',
        'Ne plus compter',
      ],
      signal: [
        'Ce navigateur demande à ne pas être suivi.',
        'Il envoie le signal «&nbsp;Global Privacy Control&nbsp;» ou «&nbsp;Do Not Track&nbsp;»&nbsp;: vous n’êtes donc pas reconnu. Certains sites comptent quand même la page vue. Si vous refusez, rien n’est enregistré.',
        'Ne plus compter',
      ],
      opt_out: [
        'Les visites de ce navigateur ne sont pas comptées.',
        'Vous avez refusé. Rien de ce que vous y faites n’est enregistré ici.',
        'Compter à nouveau',
      ],
    },
    lost: [
      'Votre navigateur n’a pas retenu votre choix.',
      'Ce choix nécessite un cookie de {host}. Autorisez-le et réessayez. Ou activez «&nbsp;Global Privacy Control&nbsp;», un réglage de certains navigateurs&nbsp;: il n’a pas besoin de cookie, et vous n’êtes pas reconnu.',
    ],
    counting: {
      title: 'Ce qui est compté',
      paragraphs: [
        'Quand vous ouvrez une page d’un site qui compte ici ses visites, votre navigateur envoie une requête à {host}. Sont enregistrés la page, le site d’où vous venez, votre position approximative, votre langue, le type de navigateur et d’appareil, et ce que le site ajoute, par exemple un achat. Votre adresse IP n’est pas enregistrée. <a href="{privacy}">Voir ce qui est enregistré sur vous</a>.',
      ],
    },
    effects: {
      title: 'Ce que change votre refus',
      items: [
        'Un cookie dans ce navigateur dit «&nbsp;non&nbsp;» pendant {days}&nbsp;jours. Il est le même pour tout le monde et ne vous identifie donc pas.',
        'Dès lors, rien de ce que vous faites dans ce navigateur n’est enregistré, pour aucun des sites qui comptent ici leurs visites. Seul le nombre de ces requêtes est compté.',
        'Si vous avez accepté un cookie qui vous reconnaît, il est supprimé. Ce qui a été enregistré avec lui reste, et ce navigateur ne peut plus le retrouver. Si vous ne le souhaitez pas, <a href="{privacy}">supprimez d’abord ces données</a>.',
        'Si vous avez accepté qu’un site communique à des réseaux publicitaires ce que vous y faites, cela prend fin. Ce qui attend encore n’est pas envoyé, et vos clics sur des publicités sont oubliés.',
        'Votre refus ne vaut que pour ce navigateur, jusqu’à ce que vous en supprimiez les cookies.',
        'Certains navigateurs séparent les cookies de chaque site. Les sites hors du domaine de {host} peuvent alors ne pas voir votre choix. «&nbsp;Global Privacy Control&nbsp;», un réglage de certains navigateurs, atteint tous les sites.',
      ],
    },
  },
  privacy: {
    title: 'Ce qui est enregistré sur vous',
    lead: 'Trouvé grâce à votre adresse IP et à votre navigateur, pour aujourd’hui, et grâce à votre cookie, si vous en avez accepté un.',
    nothing: 'Nous n’avons rien sur vous aujourd’hui.',
    nothingSeen: 'Nous n’avons rien trouvé sur vous.',
    found: '{events} sur {sites}.',
    events: {
      one: '{count}&nbsp;événement',
      many: '{count} d’événements',
      other: '{count}&nbsp;événements',
    },
    sites: { one: '{count}&nbsp;site', many: '{count} de sites', other: '{count}&nbsp;sites' },
    dayCount: { one: '{count}&nbsp;jour', many: '{count} de jours', other: '{count}&nbsp;jours' },
    erased: {
      one: '{count}&nbsp;événement supprimé définitivement.',
      many: '{count} d’événements supprimés définitivement.',
      other: '{count}&nbsp;événements supprimés définitivement.',
    },
    optedOut: 'Vous avez refusé d’être compté&nbsp;: rien ne s’ajoute.',
    agents:
      'De nombreux navigateurs différents ont utilisé votre adresse IP au cours de la dernière heure. La recherche n’a donc porté que sur votre cookie.',
    partial:
      'Seule une partie des événements depuis la dernière heure pleine a été examinée. Réessayez dans une heure.',
    moreSites:
      'Seuls les {max}&nbsp;sites les plus récents ont été examinés. Pour un autre site, utilisez le lien de sa politique de confidentialité.',
    erase: 'Cela supprime tout, ainsi que votre cookie.',
    eraseSite:
      'Cela supprime tout ce que ce site enregistre sur vous. Votre cookie reste, pour que vous puissiez trouver ce que d’autres sites enregistrent.',
    shared:
      'D’autres personnes utilisent peut-être votre adresse IP avec le même type de navigateur&nbsp;: à la maison, au travail ou via un VPN. Leurs événements du jour sont trouvés ici aussi, et supprimés avec les vôtres.',
    button: 'Supprimer définitivement',
    stored: '{events}. Durée de conservation&nbsp;: {days}.',
    storedAtLeast: 'Au moins {events}. Durée de conservation&nbsp;: {days}.',
    latest: 'Les {count} plus récents sont affichés.',
    only: 'Ce site seulement',
    all: 'Tous les sites',
    seen: 'Jours où votre cookie a été vu&nbsp;: {days}.',
    linked: 'Il a été vu avec {kind}.',
    kinds: {
      uid: 'un identifiant d’utilisateur',
      external_id: 'un numéro de client',
      em: 'une adresse e-mail',
      ph: 'un numéro de téléphone',
    },
    pageOnly:
      'Pour les événements trouvés grâce à votre adresse IP et à votre navigateur, seules la page et l’heure sont affichées.',
    zone: 'Fuseau horaire&nbsp;: {zone}.',
    columns: ['Quand', 'Quoi', 'Détails'],
    technical: 'Détails techniques',
    relay: {
      title: 'Ce qui est communiqué aux réseaux publicitaires',
      told: 'Vous avez accepté que ce site communique à des réseaux publicitaires ce que vous y faites. Ont été communiqués, ou le seront&nbsp;:',
      states: {
        waiting: 'attend d’être envoyé',
        sent: 'envoyé',
        delivered: 'envoyé et accepté',
        refused: 'non accepté',
        expired: 'non envoyé&nbsp;: c’était trop ancien',
        withdrawn: 'non envoyé&nbsp;: vous avez retiré votre consentement',
        unknown: 'envoyé&nbsp;; la réponse s’est perdue',
      },
      inFlight: 'vous avez retiré votre consentement pendant l’envoi&nbsp;; le réseau l’a peut-être reçu',
      webhook: 'un serveur choisi par le site',
      fields: 'Ce qui a été envoyé',
      hashed: '{name} (sous forme de hachage)',
      kept: 'En vue d’un achat ultérieur, il est conservé pendant {days}&nbsp;jours que vous êtes venu par une publicité, avec le numéro que le réseau a donné à votre clic&nbsp;:',
    },
    never: {
      title: 'Ce qui n’est jamais enregistré',
      items: [
        'Votre adresse IP, et la description complète que votre navigateur donne de lui-même (l’agent utilisateur). Seule exception&nbsp;: si vous avez accepté qu’un site communique un événement à des réseaux publicitaires, toutes deux attendent avec cet événement, chiffrées, jusqu’à son envoi, {wait}&nbsp;jours au plus.',
        'Ce qui suit le «&nbsp;?&nbsp;» dans l’adresse d’une page, sauf les parties que le site a choisies, et les numéros des clics sur des publicités si vous l’avez accepté&nbsp;: ceux-ci sont chiffrés.',
        'Les adresses e-mail dans les textes&nbsp;: elles sont masquées.',
      ],
    },
    codes: {
      title: 'Ce qui est enregistré sans être affiché',
      paragraphs: [
        'Trois codes sont enregistrés avec un événement. Ils ne sont pas affichés&nbsp;: grâce à eux, quiconque dispose des données du site pourrait trouver vos événements.',
        'Le <b>code de visiteur</b> est calculé à partir de votre adresse IP, de votre agent utilisateur et d’un secret du jour. Il distingue les visiteurs d’une même journée. Le secret est supprimé deux jours plus tard. L’historique de la base de données remonte à 30&nbsp;jours. Une fois que le secret en a disparu aussi, plus personne ne peut savoir à qui appartenait le code.',
        'Le <b>code de personne</b> n’existe que si vous avez accepté un cookie ou si vous vous êtes connecté. Il est calculé à partir de ceux-ci et d’un secret du site.',
        'Le <b>code d’événement</b> est aléatoire et distingue les événements.',
      ],
    },
    time: {
      title: 'Durée de conservation',
      paragraphs: [
        'Les événements&nbsp;: le temps indiqué plus haut pour chaque site. Les jours où votre cookie a été vu, et les codes qui vont ensemble&nbsp;: {days}&nbsp;jours.',
        'Les totaux, comme le nombre de visiteurs d’une page lundi, n’identifient personne et restent. Tant que les événements existent, les totaux sont recalculés sans les vôtres.',
        'Plus longtemps que les événements, un site peut conserver ce qui s’est passé un jour donné (pages, provenances, lieux, appareils, heures et ce que le site a ajouté), mais sans les codes&nbsp;: on ne peut donc ni le trouver, ni l’afficher, ni le supprimer ici.',
        'Ce qui a été communiqué aux réseaux publicitaires&nbsp;: {ledger}&nbsp;jours. Les clics sur des publicités&nbsp;: {clicks}&nbsp;jours, ou jusqu’au retrait de votre consentement. Le fait que vous l’avez retiré&nbsp;: {ledger}&nbsp;jours.',
      ],
    },
    limits: {
      title: 'Ce que cette page ne peut pas faire',
      items: [
        'Trouver les jours passés sans cookie. Chaque jour, vous avez un autre code.',
        'Trouver ce que vous avez fait avant aujourd’hui en étant connecté. Cela fait partie de votre compte. Adressez-vous au site, qui peut l’afficher et le supprimer.',
        'Vous distinguer d’une personne qui a la même adresse IP et prétend avoir le même navigateur. C’est pourquoi seules la page et l’heure sont affichées pour les événements trouvés grâce à l’adresse IP et au navigateur.',
        'Trouver les événements qui ne sont pas encore enregistrés. S’il manque quelque chose, revenez quelques minutes plus tard.',
        'Supprimer des événements de l’historique de la base de données. Son propriétaire pourrait la rétablir dans un état datant de 30&nbsp;jours au plus.',
        'Reprendre ce qui a été communiqué à un réseau publicitaire. Demandez à ce réseau de le supprimer.',
      ],
    },
    analyticsEngine: {
      copy: 'Supprimer une copie dans Analytics Engine, un espace de stockage de Cloudflare où rien ne peut être supprimé. Elle contient le code de visiteur, mais ni code de personne ni ce que le site a ajouté, et disparaît au bout de trois mois.',
      only: 'Supprimer ce qui date d’aujourd’hui dans Analytics Engine, un espace de stockage de Cloudflare où rien ne peut être supprimé. Si vous utilisez le bouton, ces données ne sont plus comptées. Elles contiennent le code de visiteur, dont le secret est supprimé deux jours plus tard, mais ni code de personne ni ce que le site a ajouté, et disparaissent au bout de trois mois.',
      unsearched:
        'La plupart des données d’aujourd’hui sont dans Analytics Engine, un espace de stockage de Cloudflare que cette page n’a pas pu consulter à l’instant. Avec le bouton ci-dessous, elles ne sont plus comptées non plus.',
      erased:
        'Ce qu’Analytics Engine contient de vous pour aujourd’hui n’est plus compté, dans une heure au plus tard.',
    },
  },
  event: {
    names: { pageview: 'Page vue', engagement: 'Temps passé sur la page' },
    fields: {
      source: 'Provenance',
      campaign: 'Campagne',
      place: 'Lieu',
      device: 'Appareil',
      language: 'Langue',
      read: 'Lecture',
      amount: 'Montant',
      custom: 'Ajouté par le site',
      sender: 'Envoyé par',
    },
    channels: {
      Direct: 'accès direct',
      Referral: 'lien sur un autre site',
      'Organic Search': 'moteur de recherche',
      'Organic Social': 'réseau social',
      'Organic Video': 'site de vidéos',
      'Organic Shopping': 'site d’achats',
      'AI Assistants': 'assistant IA',
      Email: 'e-mail',
      Affiliates: 'lien partenaire',
      Audio: 'publicité audio',
      SMS: 'SMS',
      'Mobile Push Notifications': 'notification',
      'Paid Search': 'annonce dans un moteur de recherche',
      'Paid Social': 'annonce sur un réseau social',
      'Paid Video': 'publicité vidéo',
      'Paid Shopping': 'annonce de produit',
      'Paid Other': 'annonce',
      Display: 'bannière publicitaire',
      'Cross-network': 'annonce sur plusieurs réseaux',
    },
    devices: {
      Desktop: 'Ordinateur',
      Mobile: 'Téléphone',
      Tablet: 'Tablette',
      TV: 'Téléviseur',
      Console: 'Console de jeux',
      Wearable: 'Montre connectée ou similaire',
      Embedded: 'Appareil intégré',
    },
    engaged: 'pendant {duration}',
    scroll: 'jusqu’à {percent} de la page',
    server: 'le serveur du site',
    mailProxy: 'un logiciel de messagerie',
    reference: 'Numéro donné par le site',
  },
};

export default fr;
