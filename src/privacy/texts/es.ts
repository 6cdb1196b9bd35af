import type { Texts } from './texts.ts';

const es: Texts = {
  direction: 'ltr',
  navigation: { privacy: 'Sus datos', optOut: 'Rechazar', languages: 'Idioma' },
  problems: {
    foreign: [
      'No se ha hecho nada',
      'Otro sitio web envió esta solicitud. Si quería hacerlo, abra usted mismo esta página y use su botón.',
    ],
    unknown: [
      'Sitio web no encontrado',
      'El sitio web del enlace que ha seguido no cuenta aquí sus visitas, o ya no lo hace.',
    ],
    method: ['Eso no funciona aquí', 'Abra esta página en un navegador o use su botón.'],
    limited: [
      'Demasiadas solicitudes',
      'Han llegado demasiadas solicitudes desde su dirección IP. Inténtelo de nuevo dentro de un minuto.',
    ],
    unavailable: [
      'No disponible por el momento',
      'Sus datos no se pueden leer en este momento. Inténtelo de nuevo dentro de un minuto.',
    ],
  },
  owner: {
    title: 'Quién es responsable',
    one: 'Responsable de los datos de esta página:',
    several: 'Varios responsables guardan datos aquí, cada uno para sus propios sitios web:',
    unnamed: 'Otros responsables no han indicado aquí su nombre.',
    more: 'Hay más responsables de los que se muestran.',
    none: 'El responsable no ha indicado aquí ni su nombre ni un contacto. Consulte la política de privacidad del sitio web que ha visitado.',
    siteNone: 'El responsable de este sitio web no ha indicado aquí ni su nombre ni un contacto.',
    unavailable: 'El nombre del responsable no se puede mostrar en este momento.',
    contact: 'Contacto',
    policy: 'Política de privacidad',
  },
  optOut: {
    title: '¿Quiere que se cuenten sus visitas?',
    lead: 'Algunos sitios web que visita cuentan aquí sus páginas vistas. Usted decide si se cuentan las suyas.',
    states: {
      '': [
        'Las visitas de este navegador se cuentan.',
        'Usted cuenta cada día como un visitante nuevo, salvo que haya aceptado una cookie o iniciado sesión.',
        'Dejar de contar',
      ],
      signal: [
        'Este navegador pide que no se le rastree.',
        'Envía la señal «Global Privacy Control» o «Do Not Track», así que no se le reconoce. Aun así, algunos sitios web cuentan la página vista. Si lo rechaza, no se guarda nada.',
        'Dejar de contar',
      ],
      opt_out: [
        'Las visitas de este navegador no se cuentan.',
        'Usted ha rechazado el recuento. Nada de lo que haga en él se guarda aquí.',
        'Volver a contar',
      ],
    },
    lost: [
      'Su navegador no ha conservado su decisión.',
      'Para ello hace falta una cookie de {host}. Permítala e inténtelo de nuevo. O active «Global Privacy Control», un ajuste de algunos navegadores: no necesita ninguna cookie y no se le reconoce.',
    ],
    counting: {
      title: 'Qué se cuenta',
      paragraphs: [
        'Cuando abre una página de un sitio web que cuenta aquí sus visitas, su navegador envía una solicitud a {host}. Se guardan la página, el sitio web del que venía, su ubicación aproximada, su idioma, el tipo de navegador y de dispositivo, y lo que añade el sitio web, por ejemplo una compra. Su dirección IP no se guarda. <a href="{privacy}">Ver qué se guarda sobre usted</a>.',
      ],
    },
    effects: {
      title: 'Qué ocurre si rechaza el recuento',
      items: [
        'Una cookie en este navegador dice «no» durante {days} días. Es igual para todos, así que no le identifica.',
        'Desde ese momento no se guarda nada de lo que haga en este navegador, para ningún sitio web que cuente aquí sus visitas. Solo se cuenta el número de esas solicitudes.',
        'Si aceptó una cookie que le reconoce, se elimina. Lo que se guardó con ella permanece, y este navegador ya no puede encontrarlo. Si no lo desea, <a href="{privacy}">elimínelo antes</a>.',
        'Si aceptó que un sitio web comunique a redes publicitarias lo que hace en él, eso termina. Lo que aún espera no se envía, y sus clics en anuncios se olvidan.',
        'Solo vale para este navegador y hasta que borre sus cookies.',
        'Algunos navegadores separan las cookies de cada sitio web. En ese caso, los sitios web fuera del dominio de {host} quizá no vean su decisión. «Global Privacy Control», un ajuste de algunos navegadores, llega a todos los sitios web.',
      ],
    },
  },
  privacy: {
    title: 'Qué se guarda sobre usted',
    lead: 'Encontrado por su dirección IP y su navegador, para hoy, y por su cookie, si aceptó una.',
    nothing: 'Hoy no tenemos nada sobre usted.',
    nothingSeen: 'No hemos encontrado nada sobre usted.',
    found: '{events} en {sites}.',
    events: { one: '{count} evento', many: '{count} de eventos', other: '{count} eventos' },
    sites: { one: '{count} sitio web', many: '{count} de sitios web', other: '{count} sitios web' },
    dayCount: { one: '{count} día', many: '{count} de días', other: '{count} días' },
    erased: {
      one: '{count} evento eliminado definitivamente.',
      many: '{count} de eventos eliminados definitivamente.',
      other: '{count} eventos eliminados definitivamente.',
    },
    optedOut: 'Ha rechazado el recuento: no se añade nada.',
    agents:
      'En la última hora han llegado solicitudes de muchos navegadores distintos desde su dirección IP. Por eso solo se ha buscado por su cookie.',
    partial:
      'Solo se ha examinado una parte de los eventos desde la última hora en punto. Inténtelo de nuevo dentro de una hora.',
    moreSites:
      'Solo se han examinado los {max} sitios web más recientes. Para otro sitio web, use el enlace de su política de privacidad.',
    erase: 'Esto lo elimina todo, también su cookie.',
    eraseSite:
      'Esto elimina todo lo que este sitio web guarda sobre usted. Su cookie se conserva para que pueda encontrar lo que guardan otros sitios web.',
    shared:
      'Es posible que otras personas usen su dirección IP con el mismo tipo de navegador: en casa, en el trabajo o a través de una VPN. Sus eventos de hoy también se encuentran aquí y se eliminan junto con los de usted.',
    button: 'Eliminar definitivamente',
    stored: '{events}. Los eventos se guardan durante {days}.',
    storedAtLeast: 'Al menos {events}. Los eventos se guardan durante {days}.',
    latest: 'Se muestran los {count} más recientes.',
    only: 'Solo este sitio web',
    all: 'Todos los sitios web',
    seen: 'Días en que se vio su cookie: {days}.',
    linked: 'La cookie se vio junto con {kind}.',
    kinds: {
      uid: 'un identificador de usuario',
      external_id: 'un número de cliente',
      em: 'una dirección de correo electrónico',
      ph: 'un número de teléfono',
    },
    pageOnly:
      'De los eventos encontrados por su dirección IP y su navegador solo se muestran la página y la hora.',
    zone: 'Zona horaria: {zone}.',
    columns: ['Cuándo', 'Qué', 'Detalles'],
    technical: 'Detalles técnicos',
    relay: {
      title: 'Qué se comunica a las redes publicitarias',
      told: 'Usted aceptó que este sitio web comunique a redes publicitarias lo que hace en él. Se ha comunicado o se comunicará:',
      states: {
        waiting: 'espera a ser enviado',
        sent: 'enviado',
        delivered: 'enviado y aceptado',
        refused: 'no aceptado',
        expired: 'no enviado: era demasiado antiguo',
        withdrawn: 'no enviado: usted retiró su consentimiento',
        unknown: 'enviado; la respuesta se perdió',
      },
      inFlight: 'usted retiró su consentimiento mientras se enviaba; puede que la red lo tenga',
      webhook: 'un servidor que eligió el sitio web',
      fields: 'Qué se envió',
      hashed: '{name} (como hash)',
      kept: 'Para una compra posterior se conserva durante {days} días que usted llegó por un anuncio, con el número que la red dio a su clic:',
    },
    never: {
      title: 'Qué no se guarda nunca',
      items: [
        'Su dirección IP y la descripción completa que su navegador da de sí mismo (el agente de usuario). La única excepción: si aceptó que un sitio web comunique un evento a redes publicitarias, ambas esperan con ese evento, cifradas, hasta que se envía, {wait} días como máximo.',
        'Lo que sigue al «?» en la dirección de una página, salvo las partes que eligió el sitio web y, si usted lo aceptó, los números de los clics en anuncios: estos están cifrados.',
        'Las direcciones de correo electrónico en los textos: se ocultan.',
      ],
    },
    codes: {
      title: 'Qué se guarda pero no se muestra',
      paragraphs: [
        'Con un evento se guardan tres códigos. No se muestran: con ellos, quien tenga los datos del sitio web podría encontrar los eventos de usted.',
        'El <b>código de visitante</b> se calcula a partir de su dirección IP, su agente de usuario y un secreto del día. Distingue a los visitantes de un mismo día. El secreto se elimina dos días después de su día. El historial de la base de datos abarca 30 días. Cuando el secreto también ha desaparecido de allí, nadie puede averiguar de quién era el código.',
        'El <b>código de persona</b> solo existe si aceptó una cookie o inició sesión. Se calcula a partir de estas y de un secreto del sitio web.',
        'El <b>código de evento</b> es aleatorio y distingue los eventos.',
      ],
    },
    time: {
      title: 'Cuánto tiempo se guarda',
      paragraphs: [
        'Los eventos: el tiempo que se indica arriba para cada sitio web. Los días en que se vio su cookie, y qué códigos van juntos: {days} días.',
        'Los totales, como cuántos visitantes tuvo una página el lunes, no identifican a nadie y permanecen. Mientras existan los eventos, los totales se vuelven a calcular sin los de usted.',
        'Durante más tiempo que los eventos, un sitio web puede conservar lo que ocurrió en un día pasado (páginas, procedencias, lugares, dispositivos, horas y lo que añadió el sitio web), pero sin los códigos, así que aquí no se puede encontrar, mostrar ni eliminar.',
        'Lo que se comunicó a redes publicitarias: {ledger} días. Los clics en anuncios: {clicks} días, o hasta que retire su consentimiento. Que lo retiró: {ledger} días.',
      ],
    },
    limits: {
      title: 'Qué no puede hacer esta página',
      items: [
        'Encontrar días anteriores sin una cookie. Cada día tiene usted otro código.',
        'Encontrar lo que hizo antes de hoy con la sesión iniciada. Eso forma parte de su cuenta. Pregunte al sitio web, que puede mostrarlo y eliminarlo.',
        'Distinguirle de alguien que tiene la misma dirección IP y dice usar el mismo navegador. Por eso, de los eventos encontrados por la dirección IP y el navegador solo se muestran la página y la hora.',
        'Encontrar eventos que aún no se han guardado. Si falta algo, vuelva a mirar unos minutos más tarde.',
        'Eliminar eventos del historial de la base de datos. Su propietario podría restaurarla a un estado de hace hasta 30 días.',
        'Recuperar lo que se comunicó a una red publicitaria. Pida a esa red que lo elimine.',
      ],
    },
    analyticsEngine: {
      copy: 'Eliminar una copia en Analytics Engine, un almacén de Cloudflare en el que no se puede eliminar nada. Contiene el código de visitante, pero ni código de persona ni nada que añadiera el sitio web, y desaparece al cabo de tres meses.',
      only: 'Eliminar lo que hay de hoy en Analytics Engine, un almacén de Cloudflare en el que no se puede eliminar nada. Si utiliza el botón, deja de contarse. Contiene el código de visitante, cuyo secreto se elimina dos días después de su día, pero ni código de persona ni nada que añadiera el sitio web, y desaparece al cabo de tres meses.',
      unsearched:
        'La mayor parte de lo de hoy está en Analytics Engine, un almacén de Cloudflare en el que esta página no ha podido buscar ahora. Con el botón de abajo, eso también deja de contarse.',
      erased: 'Lo que Analytics Engine tiene de usted de hoy deja de contarse, en una hora como máximo.',
    },
  },
  event: {
    names: { pageview: 'Página vista', engagement: 'Tiempo en la página' },
    fields: {
      source: 'Procedencia',
      campaign: 'Campaña',
      place: 'Lugar',
      device: 'Dispositivo',
      language: 'Idioma',
      read: 'Lectura',
      amount: 'Importe',
      custom: 'Añadido por el sitio web',
      sender: 'Enviado por',
    },
    channels: {
      Direct: 'visita directa',
      Referral: 'enlace en otro sitio web',
      'Organic Search': 'buscador',
      'Organic Social': 'red social',
      'Organic Video': 'sitio de vídeos',
      'Organic Shopping': 'sitio de compras',
      'AI Assistants': 'asistente de IA',
      Email: 'correo electrónico',
      Affiliates: 'enlace de afiliado',
      Audio: 'anuncio de audio',
      SMS: 'SMS',
      'Mobile Push Notifications': 'notificación',
      'Paid Search': 'anuncio en un buscador',
      'Paid Social': 'anuncio en una red social',
      'Paid Video': 'anuncio de vídeo',
      'Paid Shopping': 'anuncio de un producto',
      'Paid Other': 'anuncio',
      Display: 'anuncio de banner',
      'Cross-network': 'anuncio en varias redes',
    },
    devices: {
      Desktop: 'Ordenador',
      Mobile: 'Teléfono',
      Tablet: 'Tableta',
      TV: 'Televisor',
      Console: 'Videoconsola',
      Wearable: 'Reloj inteligente o similar',
      Embedded: 'Dispositivo integrado',
    },
    engaged: 'durante {duration}',
    scroll: 'hasta el {percent} de la página',
    server: 'el servidor del sitio web',
    mailProxy: 'un programa de correo',
    reference: 'Número que le dio el sitio web',
  },
};

export default es;
