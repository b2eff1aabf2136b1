"""The look of highlighted words, by the names that clients of media workers know."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.domain.errors import InvalidFieldError
from app.services.operations.force_style import parse_force_style

_Level = Annotated[int, Field(ge=0, le=255)]


def _font(name: str) -> str:
    try:
        parse_force_style({"Fontname": name})
    except InvalidFieldError:
        raise ValueError("not the name of a font") from None
    return name


class HighlightStyle(BaseModel):
    """Look of the text; lengths are those of a picture of 1920 by 1080.

    ``fundo`` is the box behind the text, ``texto`` the text, ``highlight`` the spoken word.
    """

    model_config = ConfigDict(extra="ignore")

    fonte: Annotated[str, Field(max_length=64), AfterValidator(_font)] = "Arial Black"
    tamanho_fonte: float = Field(72, ge=8, le=400)
    fundo_opacidade: _Level = 128
    fundo_cor_r: _Level = 0
    fundo_cor_g: _Level = 0
    fundo_cor_b: _Level = 0
    fundo_arredondado: bool = True
    texto_cor_r: _Level = 255
    texto_cor_g: _Level = 255
    texto_cor_b: _Level = 255
    highlight_texto_cor_r: _Level = 255
    highlight_texto_cor_g: _Level = 255
    highlight_texto_cor_b: _Level = 0
    highlight_cor_r: _Level = 214
    highlight_cor_g: _Level = 0
    highlight_cor_b: _Level = 0
    highlight_borda: int = Field(12, ge=0, le=100)
    padding_horizontal: int = Field(40, ge=0, le=960)
    padding_vertical: int = Field(80, ge=0, le=1080)
    alignment: int = Field(2, ge=1, le=9)
    words_per_line: int = Field(4, ge=1, le=50)
    max_lines: int = Field(2, ge=1, le=10)
    uppercase: bool = False

    @property
    def text_colour(self) -> str:
        """Colour of the text, as scripts have it."""
        return _colour(self.texto_cor_r, self.texto_cor_g, self.texto_cor_b)

    @property
    def background(self) -> str:
        """Colour of the box, which lets through what it is short of 255."""
        rgb = (self.fundo_cor_r, self.fundo_cor_g, self.fundo_cor_b)
        return _colour(*rgb, transparency=255 - self.fundo_opacidade)

    @property
    def highlight_text(self) -> str:
        """Colour of the spoken word."""
        rgb = (self.highlight_texto_cor_r, self.highlight_texto_cor_g, self.highlight_texto_cor_b)
        return _colour(*rgb)

    @property
    def highlight(self) -> str:
        """Colour around the spoken word."""
        return _colour(self.highlight_cor_r, self.highlight_cor_g, self.highlight_cor_b)


def _colour(red: int, green: int, blue: int, *, transparency: int = 0) -> str:
    return f"&H{transparency:02X}{blue:02X}{green:02X}{red:02X}"
