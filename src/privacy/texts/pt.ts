import type { Texts } from './texts.ts';

/** As written in Brazil. */
const pt: Texts = {
  direction: 'ltr',
  navigation: { privacy: 'Seus dados', optOut: 'Recusar', languages: 'Idioma' },
  problems: {
    foreign: [
      'Nada foi feito',
      'Outro site enviou esta solicitação. Se era isso que você queria, abra esta página diretamente e use o botão dela.',
    ],
    unknown: [
      'Site não encontrado',
      'O site do link que você abriu não conta suas visitas aqui, ou não conta mais.',
    ],
    method: ['Isso não funciona aqui', 'Abra esta página em um navegador ou use o botão dela.'],
    limited: [
      'Solicitações demais',
      'Chegaram solicitações demais do seu endereço IP. Tente novamente em um minuto.',
    ],
    unavailable: [
      'Indisponível no momento',
      'Não é possível ler seus dados neste momento. Tente novamente em um minuto.',
    ],
  },
  owner: {
    title: 'Quem é responsável',
    one: 'Responsável pelos dados desta página:',
    several: 'Vários responsáveis guardam dados aqui, cada um para seus próprios sites:',
    unnamed: 'Outros responsáveis não informaram seu nome aqui.',
    more: 'Há mais responsáveis do que os mostrados.',
    none: 'O responsável não informou aqui nome nem contato. Consulte a política de privacidade do site que você visitou.',
    siteNone: 'O responsável por este site não informou aqui nome nem contato.',
    unavailable: 'Não é possível mostrar o nome do responsável neste momento.',
    contact: 'Contato',
    policy: 'Política de privacidade',
  },
  optOut: {
    title: 'Você quer que suas visitas sejam contadas?',
    lead: 'Alguns sites que você visita contam aqui suas visualizações de página. Você decide se as suas são contadas.',
    states: {
      '': [
        'As visitas deste navegador são contadas.',
        'A cada dia você conta como um novo visitante, a não ser que tenha aceitado um cookie ou entrado em uma conta.',
        'Parar de contar',
      ],
      signal: [
        'Este navegador pede para não ser rastreado.',
        'Ele envia o sinal “Global Privacy Control” ou “Do Not Track”, por isso você não é reconhecido. Mesmo assim, alguns sites contam a visualização da página. Se você recusar, nada é guardado.',
        'Parar de contar',
      ],
      opt_out: [
        'As visitas deste navegador não são contadas.',
        'Você recusou a contagem. Nada do que você faz nele é guardado aqui.',
        'Voltar a contar',
      ],
    },
    lost: [
      'Seu navegador não guardou sua escolha.',
      'Para isso é preciso um cookie de {host}. Permita-o e tente novamente. Ou ative o “Global Privacy Control”, uma configuração de alguns navegadores: ele não precisa de cookie, e você não é reconhecido.',
    ],
    counting: {
      title: 'O que é contado',
      paragraphs: [
        'Quando você abre uma página de um site que conta suas visitas aqui, seu navegador envia uma solicitação a {host}. São guardados a página, o site de onde você veio, sua localização aproximada, seu idioma, o tipo de navegador e de dispositivo e o que o site acrescenta, por exemplo uma compra. Seu endereço IP não é guardado. <a href="{privacy}">Veja o que está guardado sobre você</a>.',
      ],
    },
    effects: {
      title: 'O que acontece se você recusar',
      items: [
        'Um cookie neste navegador diz “não” por {days} dias. Ele é igual para todos, por isso não identifica você.',
        'A partir daí, nada do que você faz neste navegador é guardado, para nenhum site que conta suas visitas aqui. Só se conta o número dessas solicitações.',
        'Se você aceitou um cookie que o reconhece, ele é excluído. O que foi guardado com ele permanece, e este navegador não consegue mais encontrá-lo. Se não quiser isso, <a href="{privacy}">exclua esses dados antes</a>.',
        'Se você aceitou que um site comunique a redes de publicidade o que você faz nele, isso termina. O que ainda espera não é enviado, e seus cliques em anúncios são esquecidos.',
        'Vale apenas para este navegador, até que os cookies dele sejam excluídos.',
        'Alguns navegadores separam os cookies de cada site. Nesse caso, sites fora do domínio de {host} podem não ver sua escolha. O “Global Privacy Control”, uma configuração de alguns navegadores, chega a todos os sites.',
      ],
    },
  },
  privacy: {
    title: 'O que está guardado sobre você',
    lead: 'Encontrado pelo seu endereço IP e navegador, para hoje, e pelo seu cookie, se você aceitou um.',
    nothing: 'Hoje não temos nada sobre você.',
    nothingSeen: 'Não encontramos nada sobre você.',
    found: '{events} em {sites}.',
    events: { one: '{count} evento', many: '{count} de eventos', other: '{count} eventos' },
    sites: { one: '{count} site', many: '{count} de sites', other: '{count} sites' },
    dayCount: { one: '{count} dia', many: '{count} de dias', other: '{count} dias' },
    erased: {
      one: '{count} evento excluído definitivamente.',
      many: '{count} de eventos excluídos definitivamente.',
      other: '{count} eventos excluídos definitivamente.',
    },
    optedOut: 'Você recusou a contagem: nada é acrescentado.',
    agents:
      'Na última hora chegaram solicitações de muitos navegadores diferentes do seu endereço IP. Por isso a busca foi feita apenas pelo seu cookie.',
    partial: 'Só uma parte dos eventos desde a última hora cheia foi examinada. Tente novamente em uma hora.',
    moreSites:
      'Só os {max} sites mais recentes foram examinados. Para outro site, use o link na política de privacidade dele.',
    erase: 'Isso exclui tudo, inclusive seu cookie.',
    eraseSite:
      'Isso exclui tudo o que este site guarda sobre você. Seu cookie permanece, para que você possa encontrar o que outros sites guardam.',
    shared:
      'Outras pessoas podem usar seu endereço IP com o mesmo tipo de navegador: em casa, no trabalho ou por uma VPN. Os eventos de hoje delas também são encontrados aqui e excluídos com os seus.',
    button: 'Excluir definitivamente',
    stored: '{events}. Os eventos são guardados por {days}.',
    storedAtLeast: 'Pelo menos {events}. Os eventos são guardados por {days}.',
    latest: 'São mostrados os {count} mais recentes.',
    only: 'Só este site',
    all: 'Todos os sites',
    seen: 'Seu cookie foi visto nestes dias: {days}.',
    linked: 'Ele foi visto junto com {kind}.',
    kinds: {
      uid: 'um identificador de usuário',
      external_id: 'um número de cliente',
      em: 'um endereço de e-mail',
      ph: 'um número de telefone',
    },
    pageOnly:
      'Dos eventos encontrados pelo seu endereço IP e navegador, são mostradas apenas a página e a hora.',
    zone: 'Fuso horário: {zone}.',
    columns: ['Quando', 'O quê', 'Detalhes'],
    technical: 'Detalhes técnicos',
    relay: {
      title: 'O que é comunicado a redes de publicidade',
      told: 'Você aceitou que este site comunique a redes de publicidade o que você faz nele. Foi ou será comunicado:',
      states: {
        waiting: 'espera para ser enviado',
        sent: 'enviado',
        delivered: 'enviado e aceito',
        refused: 'não aceito',
        expired: 'não enviado: era antigo demais',
        withdrawn: 'não enviado: você retirou seu consentimento',
        unknown: 'enviado; a resposta se perdeu',
      },
      inFlight: 'você retirou seu consentimento enquanto era enviado; a rede talvez o tenha recebido',
      webhook: 'um servidor que o site escolheu',
      fields: 'O que foi enviado',
      hashed: '{name} (como hash)',
      kept: 'Para uma compra posterior, fica guardado por {days} dias que você veio por um anúncio, com o número que a rede deu ao seu clique:',
    },
    never: {
      title: 'O que nunca é guardado',
      items: [
        'Seu endereço IP e a descrição completa que seu navegador dá de si mesmo (o user agent). A única exceção: se você aceitou que um site comunique um evento a redes de publicidade, ambos esperam com esse evento, criptografados, até ele ser enviado, por no máximo {wait} dias.',
        'O que vem depois do “?” no endereço de uma página, exceto as partes que o site escolheu e, se você aceitou isso, os números dos cliques em anúncios: estes são criptografados.',
        'Endereços de e-mail em textos: eles são mascarados.',
      ],
    },
    codes: {
      title: 'O que é guardado, mas não mostrado',
      paragraphs: [
        'Três códigos são guardados com um evento. Eles não são mostrados: com eles, qualquer pessoa que tenha os dados do site poderia encontrar seus eventos.',
        'O <b>código de visitante</b> é calculado a partir do seu endereço IP, do seu user agent e de um segredo do dia. Ele distingue os visitantes de um mesmo dia. O segredo é excluído dois dias depois do seu dia. O histórico do banco de dados abrange 30 dias. Quando o segredo também tiver desaparecido dali, ninguém poderá descobrir de quem era o código.',
        'O <b>código de pessoa</b> só existe se você aceitou um cookie ou entrou em uma conta. Ele é calculado a partir disso e de um segredo do site.',
        'O <b>código de evento</b> é aleatório e distingue os eventos.',
      ],
    },
    time: {
      title: 'Por quanto tempo é guardado',
      paragraphs: [
        'Eventos: pelo tempo indicado acima para cada site. Os dias em que seu cookie foi visto e quais códigos estão ligados: {days} dias.',
        'Totais, como quantos visitantes uma página teve na segunda-feira, não identificam ninguém e permanecem. Enquanto os eventos existem, os totais são recalculados sem os seus.',
        'Por mais tempo do que os eventos, um site pode guardar o que aconteceu em um dia passado (páginas, origens, lugares, dispositivos, horários e o que o site acrescentou), mas sem os códigos. Por isso, aqui isso não pode ser encontrado, mostrado nem excluído.',
        'O que foi comunicado a redes de publicidade: {ledger} dias. Cliques em anúncios: {clicks} dias, ou até você retirar seu consentimento. O fato de você o ter retirado: {ledger} dias.',
      ],
    },
    limits: {
      title: 'O que esta página não consegue fazer',
      items: [
        'Encontrar dias anteriores sem um cookie. A cada dia você tem outro código.',
        'Encontrar o que você fez antes de hoje dentro da sua conta. Isso pertence à conta. Pergunte ao site, que pode mostrar e excluir esses dados.',
        'Distinguir você de alguém com o mesmo endereço IP que diz ter o mesmo navegador. Por isso, dos eventos encontrados pelo endereço IP e navegador são mostradas apenas a página e a hora.',
        'Encontrar eventos que ainda esperam para ser guardados. Se faltar algo, volte alguns minutos mais tarde.',
        'Excluir eventos do histórico do banco de dados. O proprietário dele poderia restaurar um estado de até 30 dias atrás.',
        'Recuperar o que foi comunicado a uma rede de publicidade. Peça a essa rede que o exclua.',
      ],
    },
    analyticsEngine: {
      copy: 'Excluir uma cópia no Analytics Engine, um armazenamento da Cloudflare em que nada pode ser excluído. Ela tem o código de visitante, mas nenhum código de pessoa nem nada que o site acrescentou, e desaparece depois de três meses.',
      only: 'Excluir o que é de hoje no Analytics Engine, um armazenamento da Cloudflare em que nada pode ser excluído. Se você usar o botão, isso deixa de ser contado. Tem o código de visitante, cujo segredo é excluído dois dias depois do seu dia, mas nenhum código de pessoa nem nada que o site acrescentou, e desaparece depois de três meses.',
      unsearched:
        'A maior parte do que é de hoje está no Analytics Engine, um armazenamento da Cloudflare que esta página não conseguiu pesquisar agora. Com o botão abaixo, isso também deixa de ser contado.',
      erased: 'O que o Analytics Engine tem de você de hoje deixa de ser contado, em uma hora no máximo.',
    },
  },
  event: {
    names: { pageview: 'Visualização de página', engagement: 'Tempo na página' },
    fields: {
      source: 'Origem',
      campaign: 'Campanha',
      place: 'Lugar',
      device: 'Dispositivo',
      language: 'Idioma',
      read: 'Leitura',
      amount: 'Valor',
      custom: 'Acrescentado pelo site',
      sender: 'Enviado por',
    },
    channels: {
      Direct: 'acesso direto',
      Referral: 'link em outro site',
      'Organic Search': 'mecanismo de busca',
      'Organic Social': 'rede social',
      'Organic Video': 'site de vídeos',
      'Organic Shopping': 'site de compras',
      'AI Assistants': 'assistente de IA',
      Email: 'e-mail',
      Affiliates: 'link de afiliado',
      Audio: 'anúncio em áudio',
      SMS: 'SMS',
      'Mobile Push Notifications': 'notificação',
      'Paid Search': 'anúncio em um mecanismo de busca',
      'Paid Social': 'anúncio em uma rede social',
      'Paid Video': 'anúncio em vídeo',
      'Paid Shopping': 'anúncio de um produto',
      'Paid Other': 'anúncio',
      Display: 'anúncio em banner',
      'Cross-network': 'anúncio em várias redes',
    },
    devices: {
      Desktop: 'Computador',
      Mobile: 'Celular',
      Tablet: 'Tablet',
      TV: 'TV',
      Console: 'Console de videogame',
      Wearable: 'Relógio inteligente ou semelhante',
      Embedded: 'Dispositivo integrado',
    },
    engaged: 'por {duration}',
    scroll: 'até {percent} da página',
    server: 'o servidor do site',
    mailProxy: 'um programa de e-mail',
    reference: 'Número dado pelo site',
  },
};

export default pt;
