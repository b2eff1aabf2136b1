"""Words by which a model's talk about its task is told from the translation of a line.

Each text holds beginnings of words in some forty languages, separated by bars, in small letters;
one that ends in ``_`` is a whole word, and ``a+b`` means both. What a line says itself its
translation may say too, so each list serves the source as much as the answer.

Source: answers that users of such tools report, said in each language; dictionaries for the words
of sources.
"""

from __future__ import annotations

TRANSLATION = """
çeviremem|çeviremiyor|çevrilecek|çevirisi|μετάφρασ|käännettäv|pitää kääntää|日本語訳|英訳|
和訳|translat|interpret|traduc|traduz|traduç|tradui|traduction|traduit|übersetz|uebersetz|
vertal|vertaal|översätt|overset|oversæt|oversett|käännös|kääntää tek|kääntämään|tłumacz|
przetłumacz|překlad|přelož|preklad|prelož|fordítás|lefordít|fordítan|traducere|tradus|traducă|
tradu_|çeviri|tercüm|μεταφρασ|μεταφράσ|перевод|переведи|переведен|переведён|перевести|
переклад|перекла|превод|превед|превести|prevod|prevest|prijevod|ترجم|מתרגם|תרגום|לתרגם|מתורגמ|
अनुवाद|คำแปล|การแปล|แปลข้อ|แปลเป็น|แปลภาษา|แปลเนื้อ|แปลบท|แปลได้|bản dịch|phiên dịch|
dịch thuật|dịch văn|dịch nội|dịch sang|terjemah|menerjemah|翻译|翻譯|译文|譯文|译为|翻訳|訳文|
번역|통역|tõlk|tõlge|tulkoj|vertim|išvers|ավարգման|թարգմ|թարգման|თარგმ|অনুবাদ|மொழிபெயர்|అనువ|
ترجمہ|salin_|itzul|аударма|перакл|преводи|þýðing|aistriú|cyfieith
"""

SUBTITLE = """
subtitl|caption|sottotitol|subtítul|sous-titr|sous titr|untertitel|legend|ondertitel|
undertext|undertekst|tekstity|napisy_|napisów|titulk|felirat|subtitr|altyazı|υπότιτλ|υποτιτλ|
субтитр|титр|ترجمة النص|כתובי|زیرنویس|उपशीर्षक|คำบรรยาย|ซับไตเติล|phụ đề|teks film|字幕|자막|
subtiitr|podnapis|podnaslov|subtitel|takarir
"""

MODEL = """
ai라서|ai 라서|저는 ai|作为ai|作为一个ai|我是ai|我是一个ai|私はai|aiなので|я ии_|как ии_|
як ші_|ich bin eine ki_|soy una ia_|je suis une ia_|sono un ia_|sou uma ia_|ik ben een ai|
jestem ai|نموذجا لغوي|نموذج الذكاء|language model|ai model|as an ai|an ai_|ai assistant|
modelo de lengua|modelo de lingua|modelo de ia|una ia_|inteligencia artificial|
inteligência artificial|uma ia_|modèle de lang|modèle d ia|intelligence artificielle|
en tant qu ia|sprachmodell|ki modell|künstliche intelligenz|als ki_|eine ki_|
modello linguistic|modello di lingu|intelligenza artificiale|un ia_|taalmodel|
kunstmatige intelligentie|språkmodell|sprogmodel|kielimalli|tekoäly|model języko|
sztuczna intelig|sztuczną intelig|jazykov+model|umělá intelig|nyelvi modell|
mesterséges intelligenc|model de limb|inteligență artificial|dil model|yapay zek|
γλωσσικό μοντέλο|τεχνητή νοημοσύνη|языков+модел|искусственн+интеллект|мовн+модел|
штучн+інтелект|езиков+модел|изкуствен+интелект|نموذج لغ|ذكاء اصطناعي|الذكاء الاصطناعي|
מודל שפה|בינה מלאכותית|مدل زبان|هوش مصنوعی|भाषा मॉडल|कृत्रिम बुद्धि|โมเดลภาษา|แบบจำลองภาษา|
ปัญญาประดิษฐ์|mô hình ngôn ngữ|trí tuệ nhân tạo|model bahasa|kecerdasan buatan|asisten ai|
语言模型|語言模型|人工智能|人工智慧|ai助手|ai助理|言語モデル|人工知能|aiアシスタント|aiとして|
aiである|언어 모델|인공지능|인공 지능|ai 어시스턴트|ai로서|openai|chatgpt|gpt_|ai language|
artificial intellig
"""

APOLOGY = """
sorry|apolog|forgive|pardon|regret|afraid|unfortunat|lo siento|lo sentimos|lamento|lamentamos|
perdón|perdon|disculp|desgraciadamente|lamentablement|désol|excus|malheureusement|regrette|
tut mir leid|tut uns leid|leid_|bedau|entschuldig|leider|verzeih|spiacent|dispiac|scus|
purtroppo|perdona|desculp|sinto muito|infelizmente|spijt|excuses|helaas|förlåt|ledsen|beklag|
tyvärr|ursäkt|undskyld|desværre|dessverre|unnskyld|lei meg|lei for|pahoill|anteeksi|valitett|
valitan|przykro|przepr|niestety|wybacz|żałuj|omlouv|lituj|bohužel|promiňte|promiň|ľutuj|
prepáč|bohužiaľ|ospravedl|sajnál|bocsá|elnézés|sajnos|îmi pare|ne pare|scuz|iertă|din păcate|
üzgün|özür|maalesef|ne yazık|affed|λυπ|συγγνώμη|συγχώρ|δυστυχώς|извин|сожал|прости|прощ|жаль|
к сожалению|виба|шкода|перепрош|на жаль|пробач|съжал|извиня|прощав|за съжаление|آسف|أعتذر|
اعتذ|عذر|للأسف|أسف|מצטער|סליח|התנצל|לצערי|متأسف|متاسف|ببخش|معذرت|عذرخواهی|खेद|माफ|क्षमा|
अफ़सोस|अफसोस|ขอโทษ|ขออภัย|เสียใจ|น่าเสียดาย|xin lỗi|rất tiếc|tiếc_|maaf|mohon maaf|sayangnya|
menyesal|对不起|抱歉|對不起|不好意思|遗憾|遺憾|原谅|原諒|申し訳|すみません|すいません|ごめん|
残念|恐れ入|죄송|미안|유감|안타깝|아쉽|žao|oprosti|ispriča|na žalost|жао|опрости|vabanda|
kahju|diemžēl|atvaino|atsipraš|deja_|my bad|excuse
"""

INABILITY = """
cannot|can_+not_|can t_|can’t|couldn|could_+not_|unable|not able|won t_|not possible|
impossible|no puedo|no podemos|no puede|no podr|no me es|incapaz|imposible|no es posible|
ne peux|ne peut|ne pouvons|ne puis|peux pas|peut pas|pouvons pas|en mesure|incapable|
kann+nicht|kann+kein|können+nicht|könn+nicht|könn+kein|unmöglich|möglich+nicht|
nicht in der lage|non posso|non possiamo|non può|non sono in grado|impossibil|incapace|
não posso|não podemos|não pode|não consigo|impossível|kan+niet|kan+geen|kunnen+niet|kan+inte|
kan+ingen|kan+ikke|en voi|emme voi|en pysty|ei voi|nie mogę|nie możemy|nie jestem w stanie|
nie da się|nie potrafię|nemohu|nemůžu|nemůžeme|nemôžem|nem tud|nem áll mód|nem lehet|képtelen|
nu pot_|nu putem|nu poate|edemem|edemiyor|olamam|amam_|emem_|amıyor|emiyor|mümkün değil|
δεν μπορ|αδυνατώ|αδύνατο|не могу|не можем|не может|не в состоянии|не смогу|невозмож|не можу|
не можемо|неможлив|не мога|не може|невъзмож|لا أستطيع|لا يمكن|لا استطيع|لا أقدر|غير قادر|
לא יכול|איני יכול|אינני יכול|לא אוכל|נבצר|نمی‌توان|نمی توان|نمیتوان|قادر نیست|नहीं+सक|असमर्थ|
ไม่สามารถ|ไม่ได้|không thể|tidak bisa|tidak dapat|tak bisa|不能|无法|無法|没办法|沒辦法|
できません|できない|できかねます|致しかねます|いたしかねます|られません|수 없|못_|못하|
못해|불가|ne mogu|ei saa|nevaru|negaliu|not allowed|refus|declin
"""

HELP = """
weiterhelf|help|assist|aid_|support|ayud|asist|aider|aide_|assister|helf|hilf|unterstütz|
behilflich|aiut|ajud|auxili|hulp|hjälp|hjælp|hjelp|bistå|autta|apua|avust|pom[oó]c|pomóc|
pomoc|pomóż|pomo|pomůž|pomôž|pomôc|segít|segíts|ajut|yardım|βοήθ|βοηθ|εξυπηρετ|помо|помочь|
помощ|допомо|помог|помаг|مساعد|أساعد|لعون|לעזור|עזר|לסייע|کمک|मदद|सहायता|ช่วย|giúp|hỗ trợ|
bantu|membantu|tolong|帮|幫|协助|協助|手伝|助け|お手伝|お役に立|支援|サポート|도와|도움|도울|
pomoć|помоћ|abi_|aita|palīdz|padė|fulfil|comply
"""

REQUEST = """
this conversation|esta conversación|cette conversation|dieses gespräch|esta conversa_|
questa conversazione|dit gesprek|этот разговор|此对话|这个任务|この会話|ihrer nachricht|
deiner nachricht|meldingen din|vaší zpráv|tvé zpráv|vašej správ|üzeneted|üzenetéb|meine bitte|
deine bitte|ihre bitte|просьб|прохання|прохань|isteğ|頼み|molb|request|your message|
your input|your prompt|your question|inappropriat|guideline|policy|policies|solicitud|
petición|pedido|tu mensaje|su mensaje|inapropiad|directrices|demande_|requête|votre message|
inapproprié|directives|anfrage|ihre nachricht|deine nachricht|richtlinien|unangemessen|
richiest|tuo messaggio|linee guida|solicitaç|sua mensagem|inadequad|diretrizes|verzoek|
je bericht|uw bericht|ongepast|richtlijn|begäran|förfrågan|ditt meddelande|olämplig|riktlinj|
anmodning|forespørg|forespørs|din besked|retningslinj|pyyntö|pyynnö|viestissä|viestiäsi|
sopimaton|prośb|żąda|wiadomości_|wytyczn|žádost|požadav|požiadav|žiados|pokyny|kérés|irányelv|
solicitare|cerere|mesajul|istek|talep|talebi|mesajınız|αίτημ|αιτήμ|μήνυμά|запрос|
вашем сообщении|ваше сообщение|запит|вашому повідомленн|заявк|искане|молбата|съобщението|طلب|
رسالتك|בקש|הודעה של|ההודעה שלך|درخواست|پیام شما|अनुरोध|आपके संदेश|คำขอ|ข้อความของคุณ|yêu cầu|
tin nhắn của bạn|permintaan|pesan anda|请求|請求|您的消息|你的消息|您的要求|要求_|リクエスト|
ご要望|ご依頼|メッセージに|要望|요청|메시지에|zahtjev|захтев|päring|pieprasīj|prašym
"""

TEXT = """
the text|this text|any text|no text|source text|original text|the sentence|this sentence|
the line_|content|el texto|ningún texto|este texto|la frase|contenido|le texte|ce texte|
aucun texte|la phrase|contenu|den text|dieser text|keinen text|diesen text|inhalt|il testo|
questo testo|nessun testo|contenut|o texto|nenhum texto|conteúdo|de tekst|deze tekst|inhoud|
texten|innehåll|teksten|indhold|innhold|tekstiä|tekstin|sisältö|tekst_|tekstu|treść|treści|
text_+není|obsah|szöveg|tartalm|textul|conținut|metni|metin|içeri|κείμενο|περιεχόμεν|текст|
содержани|зміст|вміст|вмісту|съдържани|النص|نص_|محتوى|הטקסט|תוכן|متن|محتوا|पाठ_|सामग्री|
ข้อความ|เนื้อหา|văn bản|nội dung|teks_|konten|文本|内容|內容|原文|テキスト|文章|텍스트|내용|
문장|문맥|context_
"""

OFFER = """
how can i help|how can i assist|how may i help|feel free to|hope this helps|hope that helps|
en qué puedo ayudar|en qué te puedo|en qué le puedo|espero que+ayud|espero que+útil|
comment puis je vous aider|comment puis je t aider|n hésitez pas|n hésite pas|
j espère que+aid|wie kann ich ihnen helfen|wie kann ich dir helfen|ich hoffe+hilft|
come posso aiutar|spero+utile|spero+aiut|como posso ajudar|em que posso ajudar|espero+ajud|
hoe kan ik+help|hur kan jag hjälpa|hvordan kan jeg hjælpe|hvordan kan jeg hjelpe|
kuinka voin auttaa|miten voin auttaa|w czym mogę pomóc|jak mogę pomóc|s čím+pomoci|
jak vám mohu pomoci|jak ti mohu pomoci|miben segíthetek|hogyan segíthetek|cu ce te pot ajuta|
cu ce vă pot ajuta|nasıl yardımcı|πώς μπορώ να+βοηθήσω|чем могу помочь|чем я могу|
чим можу допомогти|чим я можу|с какво мога да|как мога да+помогна|كيف يمكنني مساعد|
كيف أستطيع مساعد|איך אפשר לעזור|כיצד אוכל לעזור|במה אוכל לעזור|איך אני יכול לעזור|
چگونه می‌توانم|چطور می‌توانم|मैं आपकी+मदद|कैसे+मदद|มีอะไรให้ช่วย|ให้ฉันช่วย|
tôi có thể giúp gì|ada yang bisa|apa yang bisa saya bantu|有什么可以帮|有什么我可以帮|
有什麼可以幫|需要我帮|希望这|どのようにお手伝い|何かお手伝い|お手伝いできる|무엇을 도와|
어떻게 도와|도와드릴까|どうなさいました|どうされました
"""

TASK = """
more context|additional context|without context|further context|más contexto|plus de contexte|
mehr kontext|più contesto|mais contexto|meer context|mer kontext|mere kontekst|mer kontekst|
lisää kontekst|więcej kontekstu|více kontextu|több kontextus|mai mult context|
daha fazla bağlam|περισσότερα συμφραζόμενα|больше контекста|більше контексту|повече контекст|
المزيد من السياق|עוד הקשר|更多上下文|上下文|文脈が|맥락이|text appears|text seems|
appears to be in|seems to be in|already in english|already in spanish|el texto parece|
parece estar en|ya está en español|le texte semble|déjà en français|der text scheint|
bereits auf deutsch|not included|haven t included|didn t include|no has incluido|no incluiste|
vous n avez pas inclus|nicht angegeben|kein text|keinen text|no text_|ningún texto|
aucun texte|nessun testo|nenhum texto|geen tekst|ingen text|ingen tekst|brak tekstu|
žádný text|nincs szöveg|niciun text|formal version|versión más formal|version plus formelle|
formellere version|alternative version|another version|versione più formale|
versão mais formal|happy to help|glad to help|sure i can help|of course i can help|
claro puedo ayudar|con gusto te ayud|con gusto le ayud|bien sûr je peux vous aider|
gerne helfe ich|natürlich kann ich ihnen helfen|certo posso aiutar|claro posso ajudar|
share the lines|share the text|share your|could you share|empty message|message is empty|
mensaje está vacío|message est vide|nachricht ist leer|消息是空|消息为空|メッセージが空
"""

GIVE = """
provide|please share|please send|please enter|please give|proporcion|por favor+comparte|
por favor+envía|por favor+escrib|por favor+indica|facilit|fournir|fournissez|veuillez|envoyer|
bereitstell|geben sie|schicken|senden sie|teilen sie|bitte+senden|fornir|fornisc|inviar|
inviami|forneça|fornecer|envie|verstrek|geef+tekst|stuur|tillhandahåll|skicka|ange_|angiv|
giv mig|oppgi|send_|anna_+teksti|lähetä|toimita|podaj|prześlij|wyślij|dostarcz|poskytn|
zadejte|pošlete|pošlite|adja meg|küldje|küldj|adj meg|furniz|trimite|oferi_|sağla|gönder|
paylaş|belirt|δώστε|παρέχ|στείλτε|предостав|пришл|отправьте|укажите|введите|надай|надішл|
вкажіть|предоставете|изпрат|въведете|تقديم|تزويد|إرسال|يرجى|שלח|ספק_|לספק|ارائه|ارسال|
وارد کنید|प्रदान|भेजें|โปรด|กรุณา|ส่ง|cung cấp|vui lòng|gửi_|berikan|silakan|kirim|提供|请发|
請發|请给|請給|请输入|提供して|提供いただ|ご提供|送ってください|教えてください|入力して|
お送り|제공|보내|입력해
"""

NOTE = """
n b|nb|p s|note|nota|notas|remarque|anm|anmerkung|hinweis|bemerkung|opm|opmerking|noot|obs|
observação|observación|anmärkning|notera|bemærk|bemærkning|merk|merknad|huom|huomautus|uwaga|
przypis|przyp|pozn|poznámka|megj|megjegyzés|notă|not|dipnot|açıklama|σημ|σημείωση|прим|
примечание|прим ред|примітка|бележка|заб|ملاحظة|ملحوظة|הערה|توضیح|نکته|यادداشت|नोट|टिप्पणी|
หมายเหตุ|lưu ý|ghi chú|chú thích|catatan|注|注意|备注|備註|说明|說明|译注|譯註|译者注|註|注释|
訳注|注記|補足|備考|참고|주|역주|비고|주석|napomena|напомена|opomba|märkus|piezīme|pastaba|
explanation|explicación|explication|erklärung|spiegazione|explicação|t n|n del t|n d t|ndt|
n t|alternative|alternatively|alternativa|alternativement|alternativ|alternatief|alternativt|
lit|literal|literally|literalmente|littéralement|wörtlich|letteralmente|context|contexto|
contexte|kontext|contesto|or|o bien|ou bien|oder auch|oppure
"""

REMARK = """
разг|розм|의역|회화|意译|意譯|音译|音譯|wörtl|litt_|dosł|букв|caracter|charact|zeichen|
caractère|caratter|tecken|karakter|символ|字符|字数|文字数|literal|littéral|wörtlich|letteral|
letterlijk|ordagrant|bokstavlig|ordret|kirjaimellis|dosłown|doslov|szó szerint|literalment|
kelimesi kelimesine|κυριολεκτ|κατά λέξη|дословно|буквальн|буквално|дослівно|حرفي|מילולי|
تحت‌اللفظی|शाब्दिक|ตามตัวอักษร|nghĩa đen|harfiah|字面|直译|直譯|直訳|직역|informal|formal|
informel|formel|formell|förmlich|informell|tono_|ton_+famil|tone_|coloquial|colloq|
umgangssprach|slang|argot|jerga|gíria|gergo|spreektaal|vardag|potoczn|hovorov|informális|
köznyelv|gündelik|καθομιλου|разгов|розмов|разговор|неформал|عامية|غير رسمي|سلانג|רשמי|محاوره|
غیررسمی|औपचारिक|ไม่เป็นทางการ|เป็นทางการ|thân mật|trang trọng|santai|口语|口語|非正式|
くだけた|カジュアル|丁寧|구어|비격식|격식|반말|존댓말|masculin|masculino|feminin|femenino|
weiblich|männlich|maschile|femminile|plural_|singular_|familiar|register_|registro_|registre_|
idiom|modismo|redewendung|polite|cortés|höflich|poli_|european|latin american|latinoamér|
brasil
"""

LABEL_ALONE = """
voici|voilà|aquí está|aquí tienes|ecco|ecco qui|hier|here|here it is|here you go|訳|译|譯|答|
dịch|แปล|trad|übers|tłum|пер|вот|ось|ето|тук|ось так|answer|output|result|response|line|
subtitle|text|respuesta|resultado|línea|texto|réponse|résultat|ligne|texte|antwort|ergebnis|
zeile|ausgabe|risposta|risultato|riga|testo|resposta|linha|antwoord|regel|svar|rad|linje|
vastaus|rivi|odpowiedź|wiersz|odpověď|řádek|odpoveď|riadok|válasz|sor|răspuns|rând|cevap|
yanıt|satır|απάντηση|γραμμή|ответ|строка|відповідь|рядок|отговор|ред|الإجابة|إجابة|السطر|
תשובה|שורה|پاسخ|سطر|उत्तर|पंक्ति|คำตอบ|บรรทัด|trả lời|câu trả lời|dòng|jawaban|baris|hasil|
答案|回答|输出|輸出|结果|結果|行|字幕|答え|出力|답|답변|결과|줄|자막|final|final answer|
corrected|correction|target|original|source|sure|certainly|of course
"""
"""What alone ahead of a colon is a label where the source has no colon; a number may follow."""

SOURCE_TRANSLATION = """
tradú|translat|käänn|käänt|fordít|çevir|μετάφρ|μεταφρ|перев|перекл|訳|译|譯|역|แปล|dịch|תרגמ|
tłumacz|vertolk|dolmetsch|tolk|oversett|alih bahasa
"""
"""Words of a line that speak of translating more loosely than a model does."""

OPTION = """
option 1|option 2|option a_|option b_|opción 1|opción 2|opción a_|opción b_|variante 1|
variante 2|variant 1|variant 2|möglichkeit 1|möglichkeit 2|opzione 1|opzione 2|opção 1|
opção 2|optie 1|optie 2|alternativ 1|alternativ 2|vaihtoehto 1|vaihtoehto 2|opcja 1|opcja 2|
možnost 1|možnost 2|változat 1|változat 2|varianta 1|varianta 2|seçenek 1|seçenek 2|επιλογή 1|
επιλογή 2|вариант 1|вариант 2|варіант 1|варіант 2|الخيار 1|الخيار 2|אפשרות 1|אפשרות 2|گزینه 1|
گزینه 2|विकल्प 1|विकल्प 2|ตัวเลือก 1|ตัวเลือก 2|lựa chọn 1|lựa chọn 2|pilihan 1|pilihan 2|
选项1|选项2|选项一|选项二|選択肢1|候補1|候補2|案1|案2|옵션 1|옵션 2|선택 1|선택 2
"""

SOURCE_MODEL = """
ai_|a i_|ki_|ia_|ии_|ші_|robot|android|machine|máquina|maschine|macchina|artificial|künstlich|
artificiel|искусственн|人工|机器|機械|ロボット|로봇|인공|computer|brain|mind
"""
"""Words of a line that may be about minds of machines."""
