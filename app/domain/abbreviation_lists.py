"""Abbreviations of dialogue, by language, that the library's lists lack or that need a rule.

Each text holds abbreviations in small letters, without their last full stop. A name follows a
title, a number follows what counts something, and what may end a sentence is followed by either.

Source: the languages' style guides for subtitles and dictionaries' lists of abbreviations; the
long tail is in sentencex.
"""

from __future__ import annotations

TITLES: dict[str, str] = {
    "en": (
        "mr mrs ms mx messrs mssrs mme mlle dr drs prof st ste capt cpt lt col maj gen sgt cpl pvt "
        "pfc cmdr cdr comdr adm brig ens supt insp det ofc gov sen rep hon pres sec atty amb rev "
        "fr br msgr bro mt ft asst adj rt vol"
    ),
    "de": (
        "hr hrn fr frl dr drs prof dipl ing dipl.-ing mag st hl kapt hptm lt olt gen kom abg präs "
        "dir stud med rer phil jur nat h.c sr jun"
    ),
    "es": (
        "sr sra sres srta srtas dr dra dres dn dña lic lcdo lcda ing arq prof profa gral tte cap "
        "cnel sgto cmdte sto sta mons excmo excma ilmo ilma fr hno hna pdte ud uds vd vds av avda"
    ),
    "fr": "m mm mme mmes mlle mlles dr drs pr prof me mgr st ste gén cap col lt cdt adj bd av",
    "it": (
        "sig sigg sig.ra sig.na sig.ri dott dott.ssa dr dr.ssa prof prof.ssa avv ing arch geom rag "
        "on sen gen col magg cap ten serg mar mons mr mrs s ss p.za"
    ),
    "pt": (
        "sr sra srs sras srta dr dra drs dras d prof profa eng enga exmo exma ilmo ilma gen cel "
        "maj cap ten sgt cb pe fr av sto sta"
    ),
    "ca": "sr sra srs dr dra prof st sta av",
    "gl": "sr sra dr dra prof san sto",
    "nl": "dhr mevr mw mej dr drs mr ir ing prof ds st kol kapt lt sgt gen h",
    "af": "mnr mev mej dr prof ds kapt",
    "sv": "hr fr frk dr prof kapt st s:t lic ing",
    "da": "hr fr frk dr prof kapt skt sct ing",
    "no": "hr fr frk dr prof kapt st ing",
    "fi": "hra rva nti tri prof dr kapt luutn ylil kers maist",
    "is": "hr fr dr prof sr",
    "et": "hr pr prl dr prof kpt",
    "lv": "dr prof kpt sv",
    "lt": "p dr prof kpt šv",
    "pl": "p pp prof dr hab mgr inż ks bp św o kpt mjr płk gen por sierż red min dyr al ul pl",
    "cs": "p pí sl ing mgr mudr judr phdr bc doc dr prof sv kpt por plk gen npor mjr arch ul nám",
    "sk": "p pí sl ing mgr mudr judr phdr bc doc dr prof sv kpt por plk gen mjr arch ul nám",
    "sl": "g ga gdč dr prof mag sv ing",
    "hr": "g gđa gđica gosp dr prof mr sv ing kap gen puk ul",
    "sr": "g gđa gđica gosp dr prof mr sv ing г гђа госп др проф св инж ул",
    "bs": "g gđa dr prof mr sv ing",
    "mk": "г г-дин г-ѓа др проф св инж ул",
    "hu": "dr id ifj özv prof szt gr hg",
    "ro": "dl dna dra dlui dnei dr prof ing sf gen col lt cap mr str av bd",
    "sq": "z znj dr prof",
    "tr": "dr doç prof av sn alb yzb bnb tğm müh mim öğr",
    "el": "κ κος κα δις δρ καθ αγ στρ λοχ ταγ συντ",
    "ru": "г гг г-н г-жа гр тов д-р др проф акад доц св им инж ген полк кап майор лейт ул пер пл",
    "uk": "п пп гр тов д-р др проф акад доц св ім інж ген полк кап вул пров пл м",
    "be": "сп гр тав д-р праф акад св імя вул",
    "bg": "г г-н г-жа г-ца д-р др проф акад доц св инж ген полк кап ул бул",
    "kk": "проф акад доц ген",
    "hy": "պրն տկն դոկ պրոֆ",
    "ka": "ბ-ნი ქ-ნი დოქ პროფ",
    "he": "ד ר פרופ גב מר אינג",
    "ar": "د أ م السيد",
    "fa": "د م آ",
    "hi": "डॉ प्रो श्री श्रीमती सुश्री कु पं ले कैप्टन एड",
    "mr": "डॉ प्रा श्री सौ",
    "ne": "डा प्रा श्री",
    "bn": "ড ডা মো মি প্রফ",
    "gu": "ડૉ ડો પ્રો શ્રી",
    "pa": "ਡਾ ਪ੍ਰੋ ਸ",
    "ta": "டாக்டர் திரு திருமதி பேரா",
    "te": "డా శ్రీ",
    "kn": "ಡಾ ಶ್ರೀ",
    "ml": "ഡോ ശ്രീ പ്രൊഫ",
    "th": "ดร ศ ผศ รศ พล ร.ต ร.อ น.ส พ.ต พ.อ จ.ส.อ ส.ต",
    "id": "bpk bp sdr dr drs ir prof hj h kol jend letkol tn ny nn jl",
    "ms": "dr prof en pn cik tn hj kapt jln",
    "tl": "g gng bb dr dra prof atty kap",
    "vi": "ts pgs gs ths bs tp ô",
    "eo": "s-ro s-ino d-ro prof",
    "cy": "dr prof st",
    "ga": "dr prof",
    "eu": "jn dr",
}
"""A name follows: no sentence ends here."""

COUNTED: dict[str, str] = {
    "en": (
        "no nos nr p pp vol fig figs ch chap sec art pt approx ca c op para "
        "jan feb mar apr aug sept sep oct nov dec"
    ),
    "de": ("nr s bd abs art kap ca abb tel ziff str stk jan feb aug sept okt nov dez"),
    "es": (
        "n.º nº no nro núm núms pág págs p vol cap art fig aprox tel c "
        "ene febr abr ago sept oct nov dic"
    ),
    "fr": ("n no nos p pp vol chap art fig env tél ch janv févr avr juil sept oct nov déc"),
    "it": (
        "n nn nr p pp pag pagg vol cap art fig ca circa tel gen febbr mar apr ag sett ott nov dic"
    ),
    "pt": ("n.º nº no núm pág págs p vol cap art fig aprox tel jan fev abr ago set out nov dez"),
    "nl": ("nr nrs blz p hfst art fig ca tel jan feb apr aug sept okt nov dec"),
    "sv": "nr kl s sid kap fig ca tel st",
    "da": "nr kl s kap fig ca tlf stk",
    "no": "nr kl s kap fig ca tlf",
    "fi": "nro n s ss kpl luku puh",
    "pl": "nr s str t rozdz art rys ok tel godz ul poz pkt r",
    "cs": "č čís s str kap obr čl tel cca ca",
    "sk": "č čís s str kap obr čl tel cca",
    "sl": "št str pogl čl",
    "hr": "br str pogl čl",
    "sr": "br str čl бр стр чл",
    "hu": "sz o old kb fej tel",
    "ro": "nr p pag cap art fig aprox tel",
    "tr": "no s sf böl md şek tel",
    "el": "αρ σ σελ κεφ αρθ τηλ περ",
    "ru": "с стр гл ст рис т д кв тел п пп ок оф ч",
    "uk": "с стор гл ст рис т буд кв тел п бл",
    "bg": "с стр гл чл фиг т тел ок",
    "id": "no hlm hal bab ps tel",
    "ms": "no hlm bab tel",
    "vi": "số tr",
    "lt": "nr p psl sk",
    "lv": "nr lpp",
    "et": "nr lk",
}
"""A number follows where it is an abbreviation; ``No.`` is a sentence as well."""

MAY_END: dict[str, str] = {
    "en": (
        "etc jr sr inc ltd co corp llc bros esq a.m p.m am pm b.c a.d b.c.e c.e u.s u.k u.n e.u "
        "u.s.a u.s.s.r d.c l.a n.y ph.d m.d b.a m.a d.d.s r.n t.v r.i.p i.d ave blvd rd "
        "sq dept hr hrs mins secs lb lbs mph km kg cm mm yr yrs"
    ),
    "de": "usw etc u.s.w uvm u.v.m u.ä o.ä dgl u.dgl jh chr v.chr n.chr ff f gmbh co std min sek",
    "es": "etc cía ltda s.a s.l ee.uu a.c d.c a.m p.m m km kg cm min seg hnos",
    "fr": "etc cie s.a j.-c av.j.-c apr.j.-c km kg cm min sec",
    "it": "ecc etc s.p.a s.r.l a.c d.c km kg cm min sec",
    "pt": "etc cia ltda s.a a.c d.c km kg cm min seg",
    "ca": "etc s.a km kg",
    "nl": "enz etc e.d e.a n.v b.v jl chr v.chr n.chr km kg min sec",
    "sv": "etc osv o.s.v m.m m.fl f.kr e.kr kr km kg min sek",
    "da": "etc osv o.s.v m.m m.fl f.kr e.kr kr km kg min sek",
    "no": "etc osv o.s.v m.m m.fl f.kr e.kr kr km kg min sek",
    "fi": "jne yms ym eaa eKr jKr ekr jkr oy km kg min",
    "pl": "itd itp etc r w zł gr n.e p.n.e km kg min godz sek",
    "cs": "atd apod etc aj př.n.l n.l kč hod min sek km kg",
    "sk": "atď apod etc pred.kr n.l hod min sek km kg",
    "sl": "itd ipd itn n.št pr.n.št km kg min",
    "hr": "itd i.sl isl god st n.e pr.kr km kg min",
    "sr": "itd i.sl god n.e итд исл год н.е км кг мин",
    "hu": "stb st kft rt i.e i.sz km kg p mp",
    "ro": "etc ș.a ş.a d.hr î.hr a.c km kg min sec",
    "tr": "vb vs vd m.ö m.s ö.s km kg dk sn",
    "el": "κλπ κ.λπ κ.ά κτλ π.χ μ.χ π.μ μ.μ χλμ κιλ",
    "ru": "т.д т.п др пр н.э руб коп тыс млн млрд км кг см мин сек час гг долл г д п",
    "uk": "т.д т.п ін н.е грн коп тис млн млрд км кг хв сек рр р д п",
    "bg": "т.н др пр н.е лв ст хил млн км кг мин сек г",
    "id": "dll dsb dst tbk m km kg",
    "ms": "dll dsb bhd km kg",
    "vi": "v.v vv km kg",
    "lv": "utt u.c u.tml km kg",
    "lt": "ir.t.t t.t m d km kg",
    "et": "jne jm jms km kg",
}
"""A sentence may end here: before a capital letter it does."""

GOES_ON: dict[str, str] = {
    "en": "vs v e.g i.e viz cf approx incl esp aka a.k.a ext orig",
    "de": (
        "mio mrd tsd "
        "z.b d.h u.a bzw ca vgl evtl ggf inkl exkl z.t z.zt i.d.r s.o s.u u.u bspw sog gem "
        "zzgl bzgl geb gest"
    ),
    "es": "p.ej p.e ej aprox vs i.e e.g cf incl máx mín",
    "fr": "p.ex c.-à-d env cf vs i.e e.g av apr",
    "it": "p.es es cfr vs i.e e.g incl",
    "pt": "p.ex i.e e.g vs aprox máx mín cf",
    "ca": "p.ex vs",
    "nl": "bijv bv d.w.z o.a m.a.w t.a.v i.p.v ca incl excl vgl evt a.u.b z.g.a.n",
    "sv": "t.ex tex d.v.s dvs bl.a ca ev s.k t.o.m fr.o.m p.g.a jfr inkl exkl",
    "da": "f.eks fx d.v.s dvs bl.a ca evt s.k t.o.m jf inkl ekskl pga",
    "no": "f.eks d.v.s dvs bl.a ca ev evt s.k t.o.m jf inkl ekskl pga",
    "fi": "esim ts mm n ks vrt ns mr",
    "pl": "np tj m.in tzn tzw ew wg zob ds śp",
    "cs": "např tj tzn tzv resp cca mj popř event t.j",
    "sk": "napr tj tzn tzv resp cca príp t.j",
    "sl": "npr tj t.i oz cca",
    "hr": "npr tj tzv odn cca",
    "sr": "npr tj tzv odn нпр тј тзв",
    "hu": "pl ill ún kb vö",
    "ro": "de.ex cca cf d.ex",
    "tr": "örn bkz",
    "el": "π.χ δηλ βλ πρβλ",
    "ru": "т.е т.к напр см ср т.н букв б.м",
    "uk": "т.зв напр див",
    "bg": "напр т.е т.нар вж ср",
    "id": "mis spt a.l yth",
    "ms": "cth spt",
    "vi": "vd",
    "lv": "piem t.i",
    "lt": "pvz t.y",
    "et": "nt s.o st",
}
"""No sentence ends here."""

_ORDINARY_TEXT = """
may art mo ken al ill miss pa ma ida del ok ind ore me la ala cal con id wis ga man mar mass
min super inter trans contra sobre entre begins auto vice post sub pre pro no so an am in on op
is as at us it he we de di da du le un una uno ex via via bis anti extra
"""
ORDINARY = frozenset(_ORDINARY_TEXT.split())
"""Words of dialogue that an abbreviation of other texts is spelt like."""

_ORDINARY_ELSEWHERE_TEXT = """
event old ten san chap gen rep sec bro stud god ok cap pan sid hal bab env rag on det col lic
port es ej est mis ad ag as el en pe por red kol fig mag ave tri hon hab luku rer
"""
ORDINARY_ELSEWHERE = frozenset(_ORDINARY_ELSEWHERE_TEXT.split())
"""Abbreviations of one language that are words of another: they do not count where the language is
not known."""
