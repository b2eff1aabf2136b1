-- Tables, queues and functions of batch transcription on Supabase or any PostgreSQL 15 with pgmq.
--
-- Run it in Supabase's SQL editor or with psql. It may be run again, and on a database that has
-- the tables `documents` and `document_transcriptions` already: it adds what is missing, changes
-- no data and replaces no function of yours. Only the service role may call the functions.

begin;

do $$
begin
    -- Present already where pgmq was installed as plain SQL instead of as an extension.
    if to_regnamespace('pgmq') is null then
        create extension pgmq;
    end if;
end
$$;

do $$
declare
    v_queue text;
begin
    foreach v_queue in array array[
        'video_audio_transcription', 'screenshot_extraction', 'check_video_cache'
    ] loop
        if not exists (select 1 from pgmq.meta where queue_name = v_queue) then
            perform pgmq.create(v_queue);
        end if;
    end loop;
end
$$;


-- Tables ------------------------------------------------------------------------------------------

do $$
begin
    if to_regclass('public.documents') is null then
        create table public.documents (
            id uuid primary key default gen_random_uuid(),
            canonical_url text,
            title text,
            media_format text,
            lang text,
            metadata jsonb not null default '{}',
            processing_status text not null default 'pending'
        );
        alter table public.documents enable row level security;

        -- Databases that have the table already have a trigger of their own that fills the queue.
        create function public.enqueue_document() returns trigger
        language plpgsql security definer set search_path = '' as $f$
        begin
            perform pgmq.send(
                'video_audio_transcription', jsonb_build_object('document_id', new.id)
            );
            return new;
        end
        $f$;
        create trigger enqueue_document
            after insert on public.documents for each row
            when (new.media_format in ('video', 'audio') and new.processing_status = 'pending')
            execute function public.enqueue_document();
    end if;
    if to_regclass('public.document_transcriptions') is null then
        create table public.document_transcriptions (
            id uuid primary key default gen_random_uuid(),
            document_id uuid not null unique references public.documents (id) on delete cascade,
            segments jsonb not null,
            language text not null,
            source text not null
        );
        alter table public.document_transcriptions enable row level security;
    end if;
end
$$;

alter table public.documents
    add column if not exists canonical_url text,
    add column if not exists title text,
    add column if not exists media_format text,
    add column if not exists lang text,
    add column if not exists metadata jsonb,
    add column if not exists processing_status text not null default 'pending',
    add column if not exists processing_error text,
    add column if not exists processed_at timestamptz,
    add column if not exists created_at timestamptz not null default now(),
    add column if not exists updated_at timestamptz not null default now(),
    -- The lease of the worker that has the document: who, until when by this database's clock,
    -- and how many workers in a row went away while they had it.
    add column if not exists claimed_by text,
    add column if not exists claim_expires_at timestamptz,
    add column if not exists lost_claims integer not null default 0;

alter table public.document_transcriptions
    add column if not exists confidence_score double precision,
    add column if not exists full_text text,
    add column if not exists word_count integer,
    add column if not exists segment_count integer,
    add column if not exists metadata jsonb,
    add column if not exists created_at timestamptz not null default now(),
    add column if not exists updated_at timestamptz not null default now();

create unique index if not exists document_transcriptions_one_each
    on public.document_transcriptions (document_id);


-- Leases on documents -----------------------------------------------------------------------------

-- Claim a document. Returns {"outcome": ...}:
--   claimed      it is the caller's now; the document comes with it
--   busy         another worker has it, and its lease runs
--   not_pending  there is nothing to do: completed, failed for good, or no such document
--   invalid_id   not an id
--   exhausted    too many workers went away while they had it; it is marked as failed
-- A document whose worker went away is claimed as one that waits. Times are this database's own.
create or replace function public.claim_document(
    p_document_id text, p_owner text, p_lease_seconds integer, p_most_lost_claims integer
) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_now timestamptz := clock_timestamp();
    v_lease interval := make_interval(secs => p_lease_seconds);
    v_id public.documents.id%type;
    v_document public.documents%rowtype;
    v_error text;
begin
    begin
        v_id := p_document_id;
    exception when data_exception then
        return jsonb_build_object('outcome', 'invalid_id');
    end;
    select * into v_document from public.documents where id = v_id for update;
    if not found or coalesce(v_document.processing_status, '') not in ('pending', 'processing') then
        return jsonb_build_object('outcome', 'not_pending');
    end if;
    if v_document.processing_status = 'processing'
        and v_document.claimed_by is distinct from p_owner
    then
        -- Without a lease it was claimed by a program that knows of none.
        if coalesce(v_document.claim_expires_at, v_document.updated_at + v_lease) > v_now then
            return jsonb_build_object('outcome', 'busy');
        end if;
        v_document.lost_claims := v_document.lost_claims + 1;
        if v_document.lost_claims > p_most_lost_claims then
            v_error := format(
                'Failed after %s attempts. Last error: the worker stopped while it had the document',
                v_document.lost_claims
            );
            update public.documents
            set processing_status = 'error', processing_error = v_error, claimed_by = null,
                claim_expires_at = null, lost_claims = 0, updated_at = v_now
            where id = v_id;
            return jsonb_build_object('outcome', 'exhausted', 'error', v_error);
        end if;
    end if;
    update public.documents
    set processing_status = 'processing', claimed_by = p_owner, updated_at = v_now,
        claim_expires_at = v_now + v_lease, lost_claims = v_document.lost_claims
    where id = v_id;
    return jsonb_build_object(
        'outcome', 'claimed',
        'canonical_url', v_document.canonical_url,
        'metadata', v_document.metadata,
        'media_format', v_document.media_format,
        'lang', v_document.lang,
        'title', v_document.title
    );
end
$$;

-- Renew claims, and keep their messages and those that wait behind them invisible for as long.
-- p_claims is [{"document_id": ..., "owner": ...}], p_msg_ids a list of numbers. Returns the owners
-- whose claim is gone. No message becomes visible earlier than its reader asked for.
create or replace function public.renew_claims(
    p_claims jsonb, p_lease_seconds integer, p_queue_name text, p_msg_ids jsonb
) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_now timestamptz := clock_timestamp();
    v_until timestamptz := v_now + make_interval(secs => p_lease_seconds);
    v_claim record;
    v_id public.documents.id%type;
    v_lost jsonb := '[]';
begin
    for v_claim in
        select c.document_id, c.owner
        from jsonb_to_recordset(p_claims) as c(document_id text, owner text)
        order by c.document_id
    loop
        v_id := v_claim.document_id;
        update public.documents set claim_expires_at = v_until, updated_at = v_now
        where id = v_id and claimed_by = v_claim.owner and processing_status = 'processing';
        if not found then
            v_lost := v_lost || to_jsonb(v_claim.owner);
        end if;
    end loop;
    if exists (select 1 from pgmq.meta where queue_name = p_queue_name) then
        execute format(
            'update pgmq.%I set vt = greatest(vt, $1)
             where msg_id in (select value::bigint from jsonb_array_elements_text($2))',
            'q_' || p_queue_name
        ) using v_until, p_msg_ids;
    end if;
    return v_lost;
end
$$;

-- Store a transcription and complete its document, both or neither. Returns completed, not_pending
-- where somebody else has ended the document, or lost where another worker has it; then nothing is
-- changed. Other programs' keys in the metadata stay.
create or replace function public.complete_document(
    p_document_id text, p_owner text, p_transcription jsonb
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '120s' as $$
declare
    v_now timestamptz := clock_timestamp();
    v_id public.documents.id%type := p_document_id;
    v_document public.documents%rowtype;
begin
    select * into v_document from public.documents where id = v_id for update;
    if not found or v_document.processing_status is distinct from 'processing' then
        return to_jsonb(
            case when v_document.processing_status = 'pending' then 'lost' else 'not_pending' end
        );
    end if;
    if v_document.claimed_by is distinct from p_owner then
        return to_jsonb('lost'::text);
    end if;
    perform public.put_transcription(p_document_id, p_transcription);
    update public.documents
    set processing_status = 'completed', processed_at = v_now, processing_error = null,
        claimed_by = null, claim_expires_at = null, lost_claims = 0, updated_at = v_now
    where id = v_id;
    return to_jsonb('completed'::text);
end
$$;

-- Give a document back: `pending` to be tried again, or `error`. Returns released, not_pending or
-- lost, as complete_document does.
create or replace function public.release_document(
    p_document_id text, p_owner text, p_status text, p_error text
) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_id public.documents.id%type := p_document_id;
    v_document public.documents%rowtype;
begin
    if p_status not in ('pending', 'error') then
        raise exception 'release_document: no such status: %', p_status;
    end if;
    select * into v_document from public.documents where id = v_id for update;
    if not found or v_document.processing_status is distinct from 'processing' then
        return to_jsonb(
            case when v_document.processing_status = 'pending' then 'lost' else 'not_pending' end
        );
    end if;
    if v_document.claimed_by is distinct from p_owner then
        return to_jsonb('lost'::text);
    end if;
    update public.documents
    set processing_status = p_status, processing_error = p_error, claimed_by = null,
        claim_expires_at = null, lost_claims = 0, updated_at = clock_timestamp()
    where id = v_id;
    return to_jsonb('released'::text);
end
$$;


-- Transcriptions ----------------------------------------------------------------------------------

-- Insert or update a document's transcription: segments, language, source, confidence_score,
-- full_text, word_count, segment_count and metadata, which is merged into what is there.
create or replace function public.put_transcription(p_document_id text, p_transcription jsonb)
returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '120s' as $$
declare
    v_id public.document_transcriptions.document_id%type := p_document_id;
    v_row public.document_transcriptions%rowtype;
begin
    insert into public.document_transcriptions as t (
        document_id, segments, language, source, confidence_score, full_text, word_count,
        segment_count, metadata, updated_at
    ) values (
        v_id,
        p_transcription -> 'segments',
        p_transcription ->> 'language',
        p_transcription ->> 'source',
        (p_transcription ->> 'confidence_score')::double precision,
        p_transcription ->> 'full_text',
        (p_transcription ->> 'word_count')::integer,
        (p_transcription ->> 'segment_count')::integer,
        coalesce(p_transcription -> 'metadata', '{}'),
        clock_timestamp()
    )
    on conflict (document_id) do update
    set segments = excluded.segments, language = excluded.language, source = excluded.source,
        confidence_score = excluded.confidence_score, full_text = excluded.full_text,
        word_count = excluded.word_count, segment_count = excluded.segment_count,
        updated_at = excluded.updated_at,
        metadata = case jsonb_typeof(t.metadata)
            when 'object' then t.metadata || excluded.metadata else excluded.metadata end
    returning * into v_row;
    return jsonb_build_object(
        'id', v_row.id, 'document_id', v_row.document_id, 'created_at', v_row.created_at
    );
end
$$;

-- Return a document's transcription without its segments, or null.
create or replace function public.find_transcription(p_document_id text) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
    v_id public.document_transcriptions.document_id%type := p_document_id;
begin
    return (
        select jsonb_build_object(
            'id', t.id, 'language', t.language, 'source', t.source,
            'confidence_score', t.confidence_score, 'created_at', t.created_at,
            'updated_at', t.updated_at
        )
        from public.document_transcriptions as t
        where t.document_id = v_id
    );
end
$$;


-- Pictures ----------------------------------------------------------------------------------------

do $$
begin
    if to_regclass('public.public_media') is null then
        create table public.public_media (id uuid primary key default gen_random_uuid());
        alter table public.public_media enable row level security;
    end if;
    if to_regproc('public.mark_transcription_screenshots_extracted') is null then
        create function public.mark_transcription_screenshots_extracted(
            p_transcription_id uuid, p_runpod_job_id text, p_extracted_count integer
        ) returns void
        language sql security definer set search_path = '' as $f$
            update public.document_transcriptions
            set metadata = coalesce(metadata, '{}') || jsonb_build_object(
                'screenshots_status', 'extracted',
                'screenshots_job_id', p_runpod_job_id,
                'screenshots_count', p_extracted_count
            ), updated_at = clock_timestamp()
            where id = p_transcription_id
        $f$;
    end if;
end
$$;

alter table public.public_media
    add column if not exists type text,
    add column if not exists storage_path text,
    add column if not exists storage_bucket text,
    add column if not exists content_type text,
    add column if not exists size_bytes bigint,
    add column if not exists source_url text,
    add column if not exists source_url_hash text,
    add column if not exists title text,
    add column if not exists document_id uuid,
    add column if not exists metadata jsonb,
    add column if not exists created_at timestamptz not null default now();

-- Enter a picture that was stored; one of the same place takes the earlier one's.
create or replace function public.add_public_media(p_row jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_id public.public_media.id%type;
begin
    delete from public.public_media
    where storage_bucket = p_row ->> 'storage_bucket' and storage_path = p_row ->> 'storage_path'
        and metadata ->> 'storage_status' = 'temp';
    insert into public.public_media (
        type, storage_path, storage_bucket, content_type, size_bytes, source_url, source_url_hash,
        title, document_id, metadata
    )
    select r.type, r.storage_path, r.storage_bucket, r.content_type, r.size_bytes, r.source_url,
        r.source_url_hash, r.title, r.document_id, r.metadata
    from jsonb_populate_record(null::public.public_media, p_row) as r
    returning id into v_id;
    return to_jsonb(v_id);
end
$$;


-- Queues ------------------------------------------------------------------------------------------

-- What an Edge Function and a worker call, where the database has not got it: pgmq's own schema
-- is not exposed.
do $$
begin
    if to_regproc('public.pgmq_read') is null then
        create function public.pgmq_read(queue_name text, vt integer, qty integer)
        returns table (msg_id bigint, read_ct integer, enqueued_at timestamptz, message jsonb)
        language sql security definer set search_path = '' as $f$
            select m.msg_id, m.read_ct, m.enqueued_at, m.message
            from pgmq.read(pgmq_read.queue_name, pgmq_read.vt, pgmq_read.qty) as m
        $f$;
    end if;
    if to_regproc('public.dequeue_video_audio_transcription') is null then
        create function public.dequeue_video_audio_transcription(
            vt_seconds integer default 1800, qty integer default 25
        )
        returns table (
            msg_id bigint, read_ct integer, enqueued_at timestamptz, document_id text, message jsonb
        )
        language sql security definer set search_path = '' as $f$
            select m.msg_id, m.read_ct, m.enqueued_at, m.message ->> 'document_id', m.message
            from pgmq.read(
                'video_audio_transcription',
                dequeue_video_audio_transcription.vt_seconds,
                dequeue_video_audio_transcription.qty
            ) as m
        $f$;
    end if;
    if to_regproc('public.pgmq_delete_one') is null then
        create function public.pgmq_delete_one(queue_name text, msg_id bigint) returns boolean
        language sql security definer set search_path = '' as $f$
            select pgmq.delete(pgmq_delete_one.queue_name, pgmq_delete_one.msg_id)
        $f$;
    end if;
    if to_regproc('public.pgmq_archive_one') is null then
        create function public.pgmq_archive_one(queue_name text, msg_id bigint) returns boolean
        language sql security definer set search_path = '' as $f$
            select pgmq.archive(pgmq_archive_one.queue_name, pgmq_archive_one.msg_id)
        $f$;
    end if;
end
$$;


-- Rights ------------------------------------------------------------------------------------------

-- PostgREST offers every function of `public`, and anybody may call one by default.
do $$
declare
    v_function regprocedure;
    v_role text;
begin
    for v_function in
        select p.oid::regprocedure
        from pg_catalog.pg_proc as p
        where p.pronamespace = 'public'::regnamespace and p.proname in (
            'enqueue_document', 'claim_document', 'renew_claims', 'complete_document', 'release_document',
            'put_transcription', 'find_transcription', 'add_public_media',
            'mark_transcription_screenshots_extracted', 'pgmq_read', 'pgmq_delete_one',
            'pgmq_archive_one', 'dequeue_video_audio_transcription'
        )
    loop
        execute format('revoke all on function %s from public', v_function);
        foreach v_role in array array['anon', 'authenticated'] loop
            if exists (select 1 from pg_catalog.pg_roles where rolname = v_role) then
                execute format('revoke all on function %s from %I', v_function, v_role);
            end if;
        end loop;
        if exists (select 1 from pg_catalog.pg_roles where rolname = 'service_role') then
            execute format('grant execute on function %s to service_role', v_function);
        end if;
    end loop;
end
$$;

notify pgrst, 'reload schema';

commit;
